CREATE OR REPLACE FUNCTION ttfd.adjust_balance(
  p_event_id uuid, p_user_id bigint, p_xp bigint, p_coins bigint, p_reason text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_user(p_user_id);
  v_data jsonb := jsonb_build_object('xp', p_xp, 'coins', p_coins, 'reason', p_reason);
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'adjustment', 'system', v_data);
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  PERFORM check_reason(p_reason);
  v_outcome := apply_grant(p_event_id, v_user, 'adjustment', 'system', v_data, coalesce(p_xp, 0), coalesce(p_coins, 0));
  INSERT INTO adjustments (event_id, user_id, xp, coins, reason, adjusted_at)
  VALUES (p_event_id, v_user.id, v_outcome.xp, v_outcome.coins, p_reason, ttfd.current_time());
  PERFORM audit('balance_adjusted', NULL, v_data || jsonb_build_object('event_id', p_event_id, 'user_id', v_user.id));
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.adjust_balance(uuid, bigint, bigint, bigint, text) IS
  'Corrects a balance by any amounts, also below zero, as an event adjustment. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TC001 when coins would fall below zero, 23514 when XP would, 22023 without a reason, TE002 when the id was used with other content, TU001, 22004 without an id. Audited; revert_adjustment takes it back. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.adjust_balance(uuid, bigint, bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.adjust_balance(uuid, bigint, bigint, bigint, text) TO ttfd_admin;
