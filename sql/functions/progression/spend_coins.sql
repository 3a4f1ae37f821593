CREATE OR REPLACE FUNCTION ttfd.spend_coins(p_event_id uuid, p_user_id bigint, p_coins bigint, p_reason text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_represented_user(p_user_id);
  v_data jsonb := jsonb_build_object('coins', p_coins, 'reason', p_reason);
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'coins_spent', 'system', v_data);
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  PERFORM check_amount(p_coins, 1, 9223372036854775807);
  RETURN apply_grant(p_event_id, v_user, 'coins_spent', 'system', v_data, 0, -p_coins);
END;
$$;

COMMENT ON FUNCTION ttfd.spend_coins(uuid, bigint, bigint, text) IS
  'Takes coins at once, as an event coins_spent; all or nothing. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp (0), coins (below zero), note, total_xp, total_coins, rank_id, rank_up. Raises TC001 when the balance does not cover them, TE002 when the id was used with other content, TE003 for less than one coin, TU001, TP001 when the user has no account for which the caller may speak, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.spend_coins(uuid, bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.spend_coins(uuid, bigint, bigint, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
