CREATE OR REPLACE FUNCTION ttfd.report_role_restored(p_platform text, p_external_id text, p_role_id text)
RETURNS TABLE (is_changed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  DELETE FROM removed_roles m
   WHERE m.platform = p_platform AND m.external_id = v_external_id AND m.role_id = p_role_id;
  is_changed := FOUND;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_role_restored(text, text, text) IS
  'A role that was taken by hand may be given again. Returns is_changed (false when it was not taken). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.report_role_restored(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_role_restored(text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
