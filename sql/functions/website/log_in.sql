-- The way in for somebody whom a provider (OAuth, OpenID Connect) has just vouched for. The identity is the provider's id.
CREATE OR REPLACE FUNCTION ttfd.log_in(
  p_platform text, p_external_id text, p_username text, p_display_name text, p_token_hash bytea)
RETURNS TABLE (user_id bigint, created boolean, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_external_id text := normalise_external_id(p_platform, p_external_id);
  v_username text := nullif(left(btrim(p_username), 255), '');
  v_display_name text := nullif(left(btrim(p_display_name), 255), '');
BEGIN
  PERFORM require_read_committed();
  SELECT c.user_id, c.created INTO user_id, created
    FROM create_account(p_platform, v_external_id, v_username, v_display_name) c;
  IF NOT created THEN
    PERFORM rename_account(p_platform, v_external_id, v_username, v_display_name);
  END IF;
  user_id := (lock_user(log_in.user_id)).id;
  expires_at := open_session(log_in.user_id, p_token_hash, p_platform);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.log_in(text, text, text, text, bytea) IS
  'Starts a session of the website for an account that its provider has verified in this very login; its user is created at first contact, and names that are given replace the known ones. p_token_hash is the SHA-256 of a random token that only the browser has. Returns user_id, created, expires_at. Raises TU002 when the external id has the wrong form. Needs READ COMMITTED (0A000).';

REVOKE ALL ON FUNCTION ttfd.log_in(text, text, text, text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.log_in(text, text, text, text, bytea) TO ttfd_website, ttfd_admin;
