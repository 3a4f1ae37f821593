-- Without this nobody could tell a role that was taken by hand while the bot was away from one that was never given.
CREATE OR REPLACE FUNCTION ttfd.report_role_given(p_platform text, p_external_id text, p_role_id text)
RETURNS TABLE (is_changed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  INSERT INTO given_roles (platform, external_id, role_id, given_at)
  SELECT p_platform, v_external_id, p_role_id, ttfd.current_time()
   WHERE gives_role(p_platform, p_role_id)
  ON CONFLICT (platform, external_id, role_id) DO UPDATE SET given_at = EXCLUDED.given_at;
  is_changed := FOUND;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_role_given(text, text, text) IS
  'An account has a role that it ought to have: the bot has given it or found it. From then on list_desired_roles names it as given, until report_role_taken or report_role_removed. Roles that ttfd does not give are not remembered. Returns is_changed (false for those). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.report_role_given(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_role_given(text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
