-- Bots call this with every event, so the known account is one probe; all checks and the first contact come after it.
CREATE OR REPLACE FUNCTION ttfd.resolve_user(p_platform text, p_external_id text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT a.user_id INTO v_user_id
    FROM ttfd.platform_accounts a
    JOIN ttfd.platforms p ON p.name = a.platform
   WHERE a.platform = p_platform
     AND a.external_id = p_external_id
     AND ttfd.may_speak(p.role_name);
  IF FOUND THEN
    RETURN v_user_id;
  END IF;
  RETURN (SELECT c.user_id
            FROM ttfd.create_account(p_platform, ttfd.resolve_platform(p_platform, p_external_id), NULL, NULL) c);
END;
$$;

COMMENT ON FUNCTION ttfd.resolve_user(text, text) IS
  'The user behind a platform account, created at first contact. Raises TP001, TU002.';
