-- A bot calls this when a member speaks to it. Names follow what the platform says; an account is never taken from anybody.
CREATE OR REPLACE FUNCTION ttfd.get_or_create_user(
  p_platform text, p_external_id text, p_username text DEFAULT NULL, p_display_name text DEFAULT NULL)
RETURNS TABLE (user_id bigint, created boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
  v_username text := nullif(left(btrim(p_username), 255), '');
  v_display_name text := nullif(left(btrim(p_display_name), 255), '');
BEGIN
  SELECT a.user_id, false INTO user_id, created
    FROM platform_accounts a
   WHERE a.platform = p_platform AND a.external_id = v_external_id;
  IF NOT FOUND THEN
    SELECT c.user_id, c.created INTO user_id, created
      FROM create_account(p_platform, v_external_id, v_username, v_display_name) c;
  END IF;
  IF NOT created THEN
    PERFORM rename_account(p_platform, v_external_id, v_username, v_display_name);
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_or_create_user(text, text, text, text) IS
  'The user behind a platform account, created at first contact; names that are given replace the known ones. Returns user_id, created. Raises TU002 when the external id has the wrong form, TP001 when the caller may not speak for the platform.';

REVOKE ALL ON FUNCTION ttfd.get_or_create_user(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_or_create_user(text, text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
