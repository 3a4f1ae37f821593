-- Nobody pays for a time twice: a further one of the same item waits until the earlier ends.
CREATE OR REPLACE FUNCTION ttfd.schedule_purchase(p_user_id bigint, p_item ttfd.shop_items)
RETURNS TABLE (starts_at timestamptz, expires_at timestamptz)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  starts_at := ttfd.current_time();
  IF p_item.duration_seconds IS NOT NULL THEN
    starts_at := greatest(starts_at, (SELECT max(p.expires_at) FROM ttfd.purchases p
                                       WHERE p.user_id = p_user_id AND p.item = p_item.name));
    expires_at := starts_at + make_interval(secs => p_item.duration_seconds);
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.schedule_purchase(bigint, ttfd.shop_items) IS
  'From when to when a purchase made now would last; expires_at is NULL for good.';
