CREATE OR REPLACE FUNCTION ttfd.find_member(p_user_id bigint)
RETURNS ttfd.unified_users
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_user ttfd.unified_users;
BEGIN
  SELECT u.* INTO v_user
    FROM ttfd.unified_users asked
    JOIN ttfd.unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
   WHERE asked.id = p_user_id AND u.forgotten_at IS NULL;
  IF NOT FOUND THEN
    PERFORM ttfd.raise_unknown_user(p_user_id);
  END IF;
  RETURN v_user;
END;
$$;

COMMENT ON FUNCTION ttfd.find_member(bigint) IS
  'A member, or whom it was merged into, without a lock. Raises TU001 when there is no such user, or it was forgotten.';
