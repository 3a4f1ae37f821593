-- Almost nobody was merged, so one probe finds almost everybody.
CREATE OR REPLACE FUNCTION ttfd.find_survivor(p_user_id bigint)
RETURNS ttfd.unified_users
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_user ttfd.unified_users;
BEGIN
  SELECT u.* INTO v_user FROM ttfd.unified_users u WHERE u.id = p_user_id;
  IF v_user.merged_into IS NOT NULL THEN
    SELECT u.* INTO v_user FROM ttfd.unified_users u WHERE u.id = v_user.merged_into;
  END IF;
  IF v_user.id IS NULL OR v_user.forgotten_at IS NOT NULL THEN
    PERFORM ttfd.raise_unknown_user(p_user_id);
  END IF;
  RETURN v_user;
END;
$$;

COMMENT ON FUNCTION ttfd.find_survivor(bigint) IS
  'A member, or whom it was merged into, without a lock. Raises TU001 when there is no such user, or it was forgotten.';
