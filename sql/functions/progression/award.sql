-- For whatever the rules of event_types do not cover: a contest, a thank-you. Trusted, and still within a limit.
CREATE OR REPLACE FUNCTION ttfd.award(p_event_id uuid, p_user_id bigint, p_xp bigint, p_coins bigint, p_reason text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_user(p_user_id);
  v_data jsonb := jsonb_build_object('xp', p_xp, 'coins', p_coins, 'reason', p_reason);
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'award', 'system', v_data);
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  PERFORM check_amount(p_xp, 0, read_setting('award_maximum'));
  PERFORM check_amount(p_coins, 0, read_setting('award_maximum'));
  RETURN apply_grant(p_event_id, v_user, 'award', 'system', v_data, p_xp, p_coins);
END;
$$;

COMMENT ON FUNCTION ttfd.award(uuid, bigint, bigint, bigint, text) IS
  'Grants XP and coins at once, as an event award. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TU001 when there is no such user, TE002 when the id was used with other content, TE003 for an amount below 0 or above the setting award_maximum, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.award(uuid, bigint, bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.award(uuid, bigint, bigint, bigint, text) TO ttfd_admin;
