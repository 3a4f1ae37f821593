-- A member asks for a code on one platform and sends it on another: that proves both accounts. Only the answer has the
-- code; the table has its hash.
CREATE OR REPLACE FUNCTION ttfd.create_link_code(p_platform text, p_external_id text)
RETURNS TABLE (code text, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  PERFORM lock_owner(p_platform, v_external_id);
  RETURN QUERY SELECT i.code, i.expires_at FROM issue_link_code(p_platform, v_external_id) i;
END;
$$;

COMMENT ON FUNCTION ttfd.create_link_code(text, text) IS
  'A code that links another account to the user behind this one, who is created at first contact: 10 symbols of Crockford''s base 32, valid for 10 minutes and once; the account''s code before is void. Returns code, expires_at. Raises TU002 when the external id has the wrong form, TP001 when the caller may not speak for the platform, TL004 after 10 codes within an hour.';

REVOKE ALL ON FUNCTION ttfd.create_link_code(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.create_link_code(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
