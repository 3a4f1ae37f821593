-- The gate of every function that speaks for an account.
CREATE OR REPLACE FUNCTION ttfd.resolve_platform(p_platform text, p_external_id text)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_role_name text;
BEGIN
  SELECT role_name INTO v_role_name FROM ttfd.platforms WHERE name = p_platform;
  IF FOUND AND NOT ttfd.may_speak(v_role_name) THEN
    RAISE EXCEPTION 'role "%" may not speak for platform "%"', ttfd.caller_role(), p_platform
      USING ERRCODE = 'TP001', HINT = format('Connect as a member of %s.', v_role_name);
  END IF;
  RETURN ttfd.normalise_external_id(p_platform, p_external_id);
END;
$$;

COMMENT ON FUNCTION ttfd.resolve_platform(text, text) IS
  'Checks that the caller may speak for the platform. Returns the external id as it is stored. Raises TP001, TU002.';
