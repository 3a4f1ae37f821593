-- Messengers open the links that they show, so opening one must not use it up: the page asks, and says whose link it is.
CREATE OR REPLACE FUNCTION ttfd.preview_login_link(p_link_hash bytea)
RETURNS TABLE (user_id bigint, display_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT u.id, coalesce(u.display_name, u.username)
    FROM login_links l
    JOIN platform_accounts a ON a.platform = l.platform AND a.external_id = l.external_id
    JOIN unified_users u ON u.id = a.user_id
   WHERE l.token_hash = p_link_hash AND l.used_at IS NULL AND l.expires_at > ttfd.current_time();
END;
$$;

COMMENT ON FUNCTION ttfd.preview_login_link(bytea) IS
  'Whom a login link would log in, given the SHA-256 of its token. Returns user_id, display_name; no row for a link that is unknown, used or expired.';

REVOKE ALL ON FUNCTION ttfd.preview_login_link(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.preview_login_link(bytea) TO ttfd_website, ttfd_admin;
