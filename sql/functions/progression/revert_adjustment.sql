-- Once: the row of the adjustment remembers by what it was taken back. Rewards for ranks that it brought stay paid.
CREATE OR REPLACE FUNCTION ttfd.revert_adjustment(p_event_id uuid, p_of_event_id uuid, p_reason text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_adjustment adjustments;
  v_user unified_users;
  v_data jsonb := jsonb_build_object('of_event_id', p_of_event_id, 'reason', p_reason);
  v_outcome event_outcome;
BEGIN
  SELECT * INTO v_adjustment FROM adjustments a WHERE a.event_id = p_of_event_id;
  IF NOT FOUND THEN
    PERFORM raise_not_adjusted(p_of_event_id);
  END IF;
  -- A resend asks of whom it was taken back, should two have been one at that time.
  v_user := lock_user(coalesce(
    (SELECT e.user_id FROM cross_platform_events e WHERE e.id = p_event_id AND e.id = v_adjustment.reverted_by),
    v_adjustment.user_id));
  v_outcome := find_first_outcome(p_event_id, v_user.id, 'adjustment_reverted', 'system', v_data);
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  PERFORM check_reason(p_reason);
  UPDATE adjustments a SET reverted_by = p_event_id WHERE a.event_id = p_of_event_id AND a.reverted_by IS NULL;
  IF NOT FOUND THEN
    PERFORM raise_not_adjusted(p_of_event_id);
  END IF;
  PERFORM audit('adjustment_reverted', to_jsonb(v_adjustment), v_data || jsonb_build_object('event_id', p_event_id));
  RETURN apply_grant(p_event_id, v_user, 'adjustment_reverted', 'system', v_data, -v_adjustment.xp, -v_adjustment.coins);
END;
$$;

COMMENT ON FUNCTION ttfd.revert_adjustment(uuid, uuid, text) IS
  'Takes back an adjustment, once, as an event adjustment_reverted. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises P0002 when there is no such adjustment or it was reverted already, TC001 when coins would fall below zero, 23514 when XP would, 22023 without a reason, TE002 when the id was used with other content, 22004 without an id. Audited. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.revert_adjustment(uuid, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.revert_adjustment(uuid, uuid, text) TO ttfd_admin;
