CREATE OR REPLACE FUNCTION ttfd.set_hidden(p_user_id bigint, p_is_hidden boolean)
RETURNS TABLE (user_id bigint, is_hidden boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  user_id := (lock_represented_user(p_user_id)).id;
  is_hidden := coalesce(p_is_hidden, true);
  UPDATE unified_users u
     SET is_hidden = set_hidden.is_hidden
   WHERE u.id = set_hidden.user_id AND u.is_hidden <> set_hidden.is_hidden;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.set_hidden(bigint, boolean) IS
  'Takes a member off all leaderboards, or puts a member back in the old place. Returns user_id, is_hidden. Raises TU001, TP001 when the user has no account for which the caller may speak.';

REVOKE ALL ON FUNCTION ttfd.set_hidden(bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_hidden(bigint, boolean) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
