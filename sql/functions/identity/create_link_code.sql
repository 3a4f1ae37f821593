-- A member asks for a code on one platform and sends it on another: that proves both accounts. Only the answer has the
-- code; the table has its hash.
CREATE OR REPLACE FUNCTION ttfd.create_link_code(p_platform text, p_external_id text)
RETURNS TABLE (code text, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
  v_now timestamptz := ttfd.current_time();
  v_issued integer;
BEGIN
  PERFORM lock_owner(p_platform, v_external_id);
  code := generate_link_code();
  expires_at := v_now + INTERVAL '10 minutes';
  INSERT INTO link_codes AS c (platform, external_id, code_hash, created_at, expires_at, issued_since)
  VALUES (p_platform, v_external_id, hash_link_code(code), v_now, create_link_code.expires_at, v_now)
  ON CONFLICT (platform, external_id) DO UPDATE
    SET code_hash = EXCLUDED.code_hash, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at, used_at = NULL,
        issued = CASE WHEN c.issued_since > v_now - INTERVAL '1 hour' THEN c.issued + 1 ELSE 1 END,
        issued_since = CASE WHEN c.issued_since > v_now - INTERVAL '1 hour' THEN c.issued_since ELSE v_now END
  RETURNING c.issued INTO v_issued;
  IF v_issued > 10 THEN
    RAISE EXCEPTION 'this % account has had 10 link codes within the hour', p_platform
      USING ERRCODE = 'TL004', HINT = 'The last one is valid for 10 minutes. Ask for another later.';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.create_link_code(text, text) IS
  'A code that links another account to the user behind this one, who is created at first contact: 10 symbols of Crockford''s base 32, valid for 10 minutes and once; the account''s code before is void. Returns code, expires_at. Raises TU002 when the external id has the wrong form, TP001 when the caller may not speak for the platform, TL004 after 10 codes within an hour.';

REVOKE ALL ON FUNCTION ttfd.create_link_code(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.create_link_code(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
