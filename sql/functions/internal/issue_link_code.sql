CREATE OR REPLACE FUNCTION ttfd.issue_link_code(p_platform text, p_external_id text)
RETURNS TABLE (code text, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_issued integer;
BEGIN
  code := ttfd.generate_link_code();
  expires_at := v_now + INTERVAL '10 minutes';
  INSERT INTO ttfd.link_codes AS c (platform, external_id, code_hash, created_at, expires_at, issued_since)
  VALUES (p_platform, p_external_id, ttfd.hash_link_code(code), v_now, issue_link_code.expires_at, v_now)
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

COMMENT ON FUNCTION ttfd.issue_link_code(text, text) IS
  'A new link code for an account whose member is locked; the one before is void. Raises TL004 after 10 within an hour.';
