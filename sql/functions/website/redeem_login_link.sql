-- One UPDATE uses the link up, so that of two browsers one is logged in.
CREATE OR REPLACE FUNCTION ttfd.redeem_login_link(p_link_hash bytea, p_token_hash bytea)
RETURNS TABLE (user_id bigint, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_link login_links;
BEGIN
  PERFORM require_read_committed();
  UPDATE login_links l
     SET used_at = ttfd.current_time()
   WHERE l.token_hash = p_link_hash AND l.used_at IS NULL AND l.expires_at > ttfd.current_time()
  RETURNING * INTO v_link;
  IF FOUND THEN
    user_id := (lock_user(find_owner(v_link.platform, v_link.external_id))).id;
    expires_at := open_session(user_id, p_token_hash, v_link.platform);
    RETURN NEXT;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_login_link(bytea, bytea) IS
  'Starts a session for the member whose bot has sent a login link, given the SHA-256 of the link''s token and of the new session''s. Returns user_id, expires_at; no row for a link that is unknown, used or expired. Needs READ COMMITTED (0A000).';

REVOKE ALL ON FUNCTION ttfd.redeem_login_link(bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.redeem_login_link(bytea, bytea) TO ttfd_website, ttfd_admin;
