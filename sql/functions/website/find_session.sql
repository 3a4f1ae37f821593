-- Asked with every page of a member, so it is a probe of two keys.
CREATE OR REPLACE FUNCTION ttfd.find_session(p_token_hash bytea)
RETURNS TABLE (user_id bigint, display_name text, method text, is_admin boolean, started_at timestamptz, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT u.id, coalesce(u.display_name, u.username), s.method, is_website_admin(u.id), s.started_at, s.expires_at
    FROM website_sessions s
    JOIN unified_users u ON u.id = s.user_id
   WHERE s.token_hash = p_token_hash AND s.expires_at > ttfd.current_time();
END;
$$;

COMMENT ON FUNCTION ttfd.find_session(bytea) IS
  'Who a browser is. Returns user_id, display_name, method (platform of the login), is_admin (of the website), started_at, expires_at; no row for a session that is unknown, has ended or expired.';

REVOKE ALL ON FUNCTION ttfd.find_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.find_session(bytea) TO ttfd_website, ttfd_admin;
