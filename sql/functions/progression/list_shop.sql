CREATE OR REPLACE FUNCTION ttfd.list_shop(p_user_id bigint DEFAULT NULL)
RETURNS TABLE (
  item text, title_ru text, title_en text, description_ru text, description_en text, price bigint, in_stock bigint,
  member_limit integer, duration_seconds integer, effect jsonb, owned bigint, status text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users;
BEGIN
  IF p_user_id IS NOT NULL THEN
    v_user := find_survivor(p_user_id);
  END IF;
  RETURN QUERY
  SELECT i.name, i.title_ru, i.title_en, i.description_ru, i.description_en, i.price, i.stock_total - i.sold, i.member_limit,
         i.duration_seconds, i.effect, o.owned,
         CASE WHEN i.sold >= i.stock_total THEN 'sold_out'
              WHEN o.owned >= i.member_limit THEN 'limit_reached'
              WHEN v_user.coins < i.price THEN 'too_expensive'
              ELSE 'available'
         END
    FROM shop_items i
   CROSS JOIN LATERAL (SELECT count_owned(v_user.id, i.name)) o (owned)
   WHERE i.is_enabled
   ORDER BY i.sort_order, i.name;
END;
$$;

COMMENT ON FUNCTION ttfd.list_shop(bigint) IS
  'What is on sale, in the order of the shop, for a member or (NULL) for anybody. Returns item, title_ru, title_en, description_ru, description_en, price, in_stock (NULL for any number), member_limit (how many a member may have at a time), duration_seconds (NULL for good), effect, owned (unexpired ones of the member), status (available, too_expensive, limit_reached, sold_out). Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_shop(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_shop(bigint) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
