-- Small change for showing up, drawn by the server: whoever called could otherwise draw until it pleases.
CREATE OR REPLACE FUNCTION ttfd.claim_work(p_event_id uuid, p_platform text, p_external_id text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_user unified_users := lock_user(resolve_user(p_platform, p_external_id));
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'work', p_platform, '{}');
  v_seconds integer;
  v_window timestamptz;
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  v_seconds := read_setting('work_cooldown_seconds');
  v_window := start_of_window(v_seconds, v_now);
  IF EXISTS (SELECT 1 FROM award_windows w
              WHERE w.user_id = v_user.id AND w.event_type = 'work' AND NOT w.is_daily AND w.starts_at >= v_window) THEN
    PERFORM raise_already_claimed('the pay for work', v_window + make_interval(secs => v_seconds));
  END IF;
  v_outcome := apply_grant(p_event_id, v_user, 'work', p_platform, '{}', draw_setting('work_xp'), draw_setting('work_coins'));
  PERFORM keep_award_windows(v_user.id, 'work', v_window, NULL, v_outcome.xp);
  UPDATE unified_users u SET last_active = greatest(u.last_active, v_now) WHERE u.id = v_user.id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.claim_work(uuid, text, text) IS
  'Pay for work, once in each hour of the clock (setting work_cooldown_seconds) and across all platforms, as an event work: XP and coins are drawn from the settings work_xp and work_coins. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TC002 when it was paid (the hint says from when the next can be), TE002 when the id was used with other content, TU002, TP001, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.claim_work(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.claim_work(uuid, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
