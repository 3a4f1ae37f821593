-- For a browser that was logged in a moment ago: linking and unlinking end all sessions, and it is given a new one.
CREATE OR REPLACE FUNCTION ttfd.start_session(p_user_id bigint, p_token_hash bytea, p_method text)
RETURNS TABLE (user_id bigint, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  user_id := (lock_user(p_user_id)).id;
  expires_at := open_session(user_id, p_token_hash, p_method);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.start_session(bigint, bytea, text) IS
  'Starts a session of a member whom the website knows already; p_method is the platform of the first login. Returns user_id (the survivor of a merge), expires_at. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.start_session(bigint, bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.start_session(bigint, bytea, text) TO ttfd_website, ttfd_admin;
