CREATE OR REPLACE FUNCTION ttfd.report_role_removed(p_platform text, p_external_id text, p_role_id text)
RETURNS TABLE (is_changed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  INSERT INTO removed_roles (platform, external_id, role_id, removed_at)
  SELECT p_platform, v_external_id, p_role_id, ttfd.current_time()
   WHERE gives_role(p_platform, p_role_id)
  ON CONFLICT (platform, external_id, role_id) DO NOTHING;
  is_changed := FOUND;
  DELETE FROM given_roles g
   WHERE g.platform = p_platform AND g.external_id = v_external_id AND g.role_id = p_role_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_role_removed(text, text, text) IS
  'A person has taken a role from an account by hand: it is not asked for again, until report_role_restored. Roles that ttfd does not give are not remembered. Returns is_changed (false when that was known). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.report_role_removed(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_role_removed(text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
