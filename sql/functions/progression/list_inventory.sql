CREATE OR REPLACE FUNCTION ttfd.list_inventory(p_user_id bigint)
RETURNS TABLE (
  event_id uuid, item text, title_ru text, title_en text, price bigint, effect jsonb, bought_at timestamptz,
  starts_at timestamptz, expires_at timestamptz, status text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_user unified_users := find_survivor(p_user_id);
BEGIN
  RETURN QUERY
  SELECT p.event_id, p.item, i.title_ru, i.title_en, p.price, p.effect, p.bought_at, p.starts_at, p.expires_at,
         CASE WHEN p.expires_at <= v_now THEN 'expired' WHEN p.starts_at > v_now THEN 'waiting' ELSE 'active' END
    FROM purchases p
    JOIN shop_items i ON i.name = p.item
   WHERE p.user_id = v_user.id
   ORDER BY p.bought_at DESC, p.starts_at DESC;
END;
$$;

COMMENT ON FUNCTION ttfd.list_inventory(bigint) IS
  'What a member has bought, newest first. Returns event_id, item, title_ru, title_en, price, effect, bought_at, starts_at, expires_at (NULL for good), status (active, waiting for an earlier one of the same item to end, expired). Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_inventory(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_inventory(bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
