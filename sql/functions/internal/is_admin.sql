CREATE OR REPLACE FUNCTION ttfd.is_admin()
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT pg_catalog.pg_has_role(ttfd.caller_role(), 'ttfd_admin', 'USAGE');
$$;

COMMENT ON FUNCTION ttfd.is_admin() IS 'Whether the caller is a member of ttfd_admin.';
