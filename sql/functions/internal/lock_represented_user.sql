-- The gate of every function that names a member by user id: whoever speaks for one of the accounts may, and the website for
-- whoever is logged in there.
CREATE OR REPLACE FUNCTION ttfd.lock_represented_user(p_user_id bigint)
RETURNS ttfd.unified_users
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user ttfd.unified_users := ttfd.lock_user(p_user_id);
BEGIN
  IF NOT EXISTS (SELECT 1
                   FROM ttfd.platform_accounts a
                   JOIN ttfd.platforms p ON p.name = a.platform
                  WHERE a.user_id = v_user.id AND ttfd.may_speak(p.role_name))
     AND NOT ttfd.is_logged_in(v_user.id) THEN
    RAISE EXCEPTION 'role "%" may not speak for user %', ttfd.caller_role(), p_user_id
      USING ERRCODE = 'TP001', HINT = 'The user has no account on a platform of this role.';
  END IF;
  RETURN v_user;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_represented_user(bigint) IS
  'Locks a user, or the one it was merged into, for whom the caller may speak, and returns the row. Raises TU001, TP001.';
