-- The website shows members all their accounts, so it may unlink any of them.
CREATE OR REPLACE FUNCTION ttfd.require_unlinker(p_platform text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_role_name text := (SELECT p.role_name FROM ttfd.platforms p WHERE p.name = p_platform);
BEGIN
  IF v_role_name IS NULL THEN
    RAISE EXCEPTION 'no platform named "%"', p_platform
      USING ERRCODE = 'TU002', HINT = 'Known platforms are the rows of ttfd.platforms.';
  ELSIF NOT ttfd.may_speak(v_role_name) AND NOT ttfd.may_speak('ttfd_website') THEN
    RAISE EXCEPTION 'role "%" may not unlink accounts of platform "%"', ttfd.caller_role(), p_platform
      USING ERRCODE = 'TP001', HINT = format('Connect as a member of %s or ttfd_website.', v_role_name);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_unlinker(text) IS
  'Checks that the caller may unlink accounts of the platform. Raises TP001, TU002.';
