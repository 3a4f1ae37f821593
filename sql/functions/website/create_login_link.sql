-- For whom Telegram's or Discord's login does not reach: the bot sends a link, and whoever opens it first is logged in.
-- Only the answer has the token; the table has its hash. A UUID holds 122 random bits.
CREATE OR REPLACE FUNCTION ttfd.create_login_link(p_platform text, p_external_id text)
RETURNS TABLE (token text, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
  v_now timestamptz := ttfd.current_time();
  v_issued integer;
BEGIN
  PERFORM lock_owner(p_platform, v_external_id);
  token := encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex');
  expires_at := v_now + INTERVAL '10 minutes';
  INSERT INTO login_links AS l (platform, external_id, token_hash, created_at, expires_at, issued_since)
  VALUES (p_platform, v_external_id, sha256(convert_to(token, 'UTF8')), v_now, create_login_link.expires_at, v_now)
  ON CONFLICT (platform, external_id) DO UPDATE
    SET token_hash = EXCLUDED.token_hash, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at, used_at = NULL,
        issued = CASE WHEN l.issued_since > v_now - INTERVAL '1 hour' THEN l.issued + 1 ELSE 1 END,
        issued_since = CASE WHEN l.issued_since > v_now - INTERVAL '1 hour' THEN l.issued_since ELSE v_now END
  RETURNING l.issued INTO v_issued;
  IF v_issued > 10 THEN
    RAISE EXCEPTION 'this % account has had 10 login links within the hour', p_platform
      USING ERRCODE = 'TL004', HINT = 'The last one is valid for 10 minutes. Ask for another later.';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.create_login_link(text, text) IS
  'A token that logs the user behind this account in to the website, who is created at first contact: valid for 10 minutes and once; the account''s token before is void. The address is that of the website followed by /login/link/ and the token. It is for the member alone: show it in private. Returns token (64 hexadecimal digits), expires_at. Raises TU002 when the external id has the wrong form, TP001 when the caller may not speak for the platform, TL004 after 10 within an hour.';

REVOKE ALL ON FUNCTION ttfd.create_login_link(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.create_login_link(text, text) TO ttfd_telegram, ttfd_discord, ttfd_admin;
