-- Two events, one for each side; the second has an id derived from the first, so that a resend finds both. The fee is in the
-- sender's row only: it leaves the economy.
CREATE OR REPLACE FUNCTION ttfd.transfer_coins(p_event_id uuid, p_from_id bigint, p_to_id bigint, p_coins bigint)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_from unified_users;
  v_to unified_users;
  v_request jsonb := jsonb_build_object('coins', p_coins);
  v_received_id uuid := derive_event_id(p_event_id, 'transfer_received');
  v_fee numeric;
  v_data jsonb;
  v_outcome event_outcome;
BEGIN
  PERFORM lock_users(ARRAY[p_from_id, p_to_id]);
  v_from := lock_represented_user(p_from_id);
  v_to := lock_user(p_to_id);
  v_outcome := find_first_outcome(p_event_id, v_from.id, 'transfer_sent', 'system', v_request);
  IF v_outcome.status IS NOT NULL THEN
    PERFORM find_first_outcome(v_received_id, v_to.id, 'transfer_received', 'system', v_request);
    RETURN v_outcome;
  ELSIF v_from.id = v_to.id THEN
    RAISE EXCEPTION 'user % cannot send coins to themselves', p_from_id
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Name another member.';
  END IF;
  PERFORM count_transfer(v_from.id, p_coins);
  v_fee := ceil(p_coins * read_setting('transfer_fee_percent') / 100);
  v_data := v_request || jsonb_build_object('fee', v_fee, 'from_user_id', v_from.id, 'to_user_id', v_to.id);
  v_outcome := apply_grant(p_event_id, v_from, 'transfer_sent', 'system', v_data, 0, (-p_coins - v_fee)::bigint);
  PERFORM apply_grant(v_received_id, v_to, 'transfer_received', 'system', v_data, 0, p_coins);
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.transfer_coins(uuid, bigint, bigint, bigint) IS
  'Sends coins to another member at once, as events transfer_sent and transfer_received; the receiver gets all of p_coins, the sender pays the fee (setting transfer_fee_percent) on top. Returns the sender''s event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp (0), coins (below zero, fee included), note, total_xp, total_coins, rank_id, rank_up. Raises TC001 when the balance does not cover coins and fee, TE002 when the id was used with other content, TE003 for less than transfer_minimum or more than is left of transfer_daily_limit (UTC day), 22023 for a transfer to oneself, TU001, TP001 when the sender has no account for which the caller may speak, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.transfer_coins(uuid, bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.transfer_coins(uuid, bigint, bigint, bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
