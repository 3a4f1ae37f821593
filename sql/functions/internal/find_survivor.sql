CREATE OR REPLACE FUNCTION ttfd.find_survivor(p_user_id bigint)
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_user_id bigint := (SELECT coalesce(u.merged_into, u.id) FROM ttfd.unified_users u WHERE u.id = p_user_id);
BEGIN
  IF v_user_id IS NULL THEN
    PERFORM ttfd.raise_unknown_user(p_user_id);
  END IF;
  RETURN v_user_id;
END;
$$;

COMMENT ON FUNCTION ttfd.find_survivor(bigint) IS 'A user, or the one it was merged into. Raises TU001.';
