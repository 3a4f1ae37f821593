-- A role that does not exist (yet) lets nobody speak but the administrators.
CREATE OR REPLACE FUNCTION ttfd.may_speak(p_role_name text)
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(pg_catalog.pg_has_role(ttfd.caller_role(), pg_catalog.to_regrole(p_role_name), 'USAGE'), false)
      OR ttfd.is_admin();
$$;

COMMENT ON FUNCTION ttfd.may_speak(text) IS
  'Whether the caller may speak for the platform whose role is given: its members and administrators may.';
