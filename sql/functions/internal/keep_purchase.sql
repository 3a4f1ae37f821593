CREATE OR REPLACE FUNCTION ttfd.keep_purchase(
  p_event_id uuid, p_user_id bigint, p_item ttfd.shop_items, p_starts_at timestamptz, p_expires_at timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.shop_items i SET sold = i.sold + 1 WHERE i.name = p_item.name;
  INSERT INTO ttfd.purchases (event_id, user_id, item, price, effect, bought_at, starts_at, expires_at)
  VALUES (p_event_id, p_user_id, p_item.name, p_item.price, p_item.effect, ttfd.current_time(), p_starts_at, p_expires_at);
  IF p_item.effect ? 'boost' THEN
    INSERT INTO ttfd.boosts (factor, starts_at, ends_at, event_types, user_id)
    VALUES ((p_item.effect -> 'boost')::numeric, p_starts_at, p_expires_at,
            CASE WHEN p_item.effect ? 'event_types'
                 THEN ARRAY(SELECT jsonb_array_elements_text(p_item.effect -> 'event_types')) END,
            p_user_id);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.keep_purchase(uuid, bigint, ttfd.shop_items, timestamptz, timestamptz) IS
  'Writes down a purchase, counts it off the stock and starts its boost. Expects the user and the item locked.';
