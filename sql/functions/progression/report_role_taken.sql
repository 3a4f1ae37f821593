CREATE OR REPLACE FUNCTION ttfd.report_role_taken(p_platform text, p_external_id text, p_role_id text)
RETURNS TABLE (is_changed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  DELETE FROM given_roles g
   WHERE g.platform = p_platform AND g.external_id = v_external_id AND g.role_id = p_role_id;
  is_changed := FOUND;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_role_taken(text, text, text) IS
  'The bot has taken a role from an account that ought not to have it any more: it may be given again when it is due. Returns is_changed (false when it was not known as given). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.report_role_taken(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_role_taken(text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
