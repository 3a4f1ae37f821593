CREATE OR REPLACE FUNCTION ttfd.list_person(p_user_id bigint)
RETURNS bigint[]
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_survivor_id bigint := (SELECT coalesce(u.merged_into, u.id) FROM ttfd.unified_users u WHERE u.id = p_user_id);
BEGIN
  IF v_survivor_id IS NULL THEN
    PERFORM ttfd.raise_unknown_user(p_user_id);
  END IF;
  RETURN v_survivor_id || ARRAY(SELECT u.id FROM ttfd.unified_users u WHERE u.merged_into = v_survivor_id ORDER BY u.id);
END;
$$;

COMMENT ON FUNCTION ttfd.list_person(bigint) IS
  'The ids of a member, or of the one it was merged into, first, and of everybody who was merged into that one. Raises TU001.';
