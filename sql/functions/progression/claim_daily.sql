-- Once a day for the member, whatever the platform. The row lock makes three claims in the same instant one and two refusals.
CREATE OR REPLACE FUNCTION ttfd.claim_daily(p_event_id uuid, p_platform text, p_external_id text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_user unified_users := lock_user(resolve_user(p_platform, p_external_id));
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'daily_claim', p_platform, '{}');
  v_day record;
  v_streak record;
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  SELECT * INTO v_day FROM assess_daily(v_user, v_now);
  IF NOT v_day.is_due THEN
    PERFORM raise_already_claimed('the daily reward', v_day.next_at);
  END IF;
  SELECT * INTO v_streak FROM continue_streak(v_user, v_day.missed_days);
  v_outcome := apply_grant(
    p_event_id, v_user, 'daily_claim', p_platform,
    jsonb_build_object('streak', v_streak.streak, 'bonus', v_streak.bonus, 'freeze_used', v_streak.freezes_used),
    floor(read_setting('daily_xp') * (100 + v_streak.bonus) / 100)::bigint,
    floor(read_setting('daily_coins') * (100 + v_streak.bonus) / 100)::bigint);
  UPDATE unified_users u
     SET daily_streak = v_streak.streak, streak_freezes = v_streak.freezes,
         last_daily = v_day.today, last_daily_at = v_now, last_daily_zone = u.time_zone,
         last_active = greatest(u.last_active, v_now)
   WHERE u.id = v_user.id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.claim_daily(uuid, text, text) IS
  'The daily reward, once a day of the member''s time zone and across all platforms, as an event daily_claim whose data say the streak, the bonus in percent and the freezes used. Days in a row raise the bonus; a freeze, earned by them too, stands in for a missed day. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TC002 when the day was claimed (the hint says from when the next can be), TE002 when the id was used with other content, TU002, TP001, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.claim_daily(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.claim_daily(uuid, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
