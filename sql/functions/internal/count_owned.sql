CREATE OR REPLACE FUNCTION ttfd.count_owned(p_user_id bigint, p_item text)
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT count(*)
            FROM ttfd.purchases p
           WHERE p.user_id = p_user_id AND p.item = p_item
             AND (p.expires_at IS NULL OR p.expires_at > ttfd.current_time()));
END;
$$;

COMMENT ON FUNCTION ttfd.count_owned(bigint, text) IS 'How many unexpired purchases of an item a member has.';
