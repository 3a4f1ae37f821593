-- A user who is merged while we wait for the lock hands over to the survivor; one who is forgotten is nobody.
CREATE OR REPLACE FUNCTION ttfd.lock_user(p_user_id bigint)
RETURNS ttfd.unified_users
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user ttfd.unified_users;
  v_user_id bigint := p_user_id;
BEGIN
  LOOP
    SELECT * INTO v_user FROM ttfd.unified_users WHERE id = v_user_id FOR NO KEY UPDATE;
    IF NOT FOUND OR v_user.forgotten_at IS NOT NULL THEN
      PERFORM ttfd.raise_unknown_user(p_user_id);
    END IF;
    EXIT WHEN v_user.merged_into IS NULL;
    v_user_id := v_user.merged_into;
  END LOOP;
  RETURN v_user;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_user(bigint) IS
  'Locks a user, or the one it was merged into, and returns the row. Raises TU001.';
