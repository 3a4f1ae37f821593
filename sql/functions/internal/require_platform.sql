CREATE OR REPLACE FUNCTION ttfd.require_platform(p_platform text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_role_name text;
BEGIN
  SELECT p.role_name INTO v_role_name FROM ttfd.platforms p WHERE p.name = p_platform;
  IF NOT FOUND OR NOT ttfd.may_speak(v_role_name) THEN
    RAISE EXCEPTION 'role "%" may not speak for platform "%"', ttfd.caller_role(), coalesce(p_platform, 'NULL')
      USING ERRCODE = 'TP001', HINT = 'Connect as a member of the role of that platform.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_platform(text) IS 'Checks that the caller may speak for a platform. Raises TP001.';
