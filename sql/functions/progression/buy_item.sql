-- The user is locked first, then the item: stock and limit are exact, and two buyers never wait for each other crosswise.
CREATE OR REPLACE FUNCTION ttfd.buy_item(p_event_id uuid, p_user_id bigint, p_item text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_represented_user(p_user_id);
  v_request jsonb := jsonb_build_object('item', p_item);
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'purchase', 'system', v_request);
  v_item shop_items;
  v_time record;
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  SELECT * INTO v_item FROM shop_items i WHERE i.name = p_item AND i.is_enabled FOR NO KEY UPDATE;
  IF NOT FOUND OR v_item.sold >= v_item.stock_total THEN
    RAISE EXCEPTION 'the item "%" is not on sale, or sold out', p_item
      USING ERRCODE = 'TC003', HINT = 'list_shop lists what can be bought.';
  ELSIF count_owned(v_user.id, p_item) >= v_item.member_limit THEN
    RAISE EXCEPTION 'a member may have % of the item "%" at a time', v_item.member_limit, p_item
      USING ERRCODE = 'TC004', HINT = 'list_inventory lists them, and when they expire.';
  END IF;
  SELECT * INTO v_time FROM schedule_purchase(v_user.id, v_item);
  v_outcome := apply_grant(
    p_event_id, v_user, 'purchase', 'system',
    v_request || jsonb_build_object('price', v_item.price, 'effect', v_item.effect,
                                    'starts_at', v_time.starts_at, 'expires_at', v_time.expires_at),
    0, -v_item.price);
  PERFORM keep_purchase(p_event_id, v_user.id, v_item, v_time.starts_at, v_time.expires_at);
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.buy_item(uuid, bigint, text) IS
  'Buys an item of the shop at once, as an event purchase whose data say item, price, effect, starts_at and expires_at; list_inventory shows it. A bought boost multiplies what the member earns while it lasts; one of the same item begins when the earlier ends. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp (0), coins (below zero), note, total_xp, total_coins, rank_id, rank_up. Raises TC001 when the balance does not cover the price, TC003 when the item is not on sale or sold out, TC004 when the member has as many as allowed, TE002 when the id was used with other content, TU001, TP001 when the user has no account for which the caller may speak, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.buy_item(uuid, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.buy_item(uuid, bigint, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
