-- The one clock of every rule, so that a test can stand at midnight. Only a member of ttfd_owner can set it
-- (SET ttfd.now = '2026-03-01 12:00Z'); for anybody else the setting has no effect.
CREATE OR REPLACE FUNCTION ttfd.current_time()
RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN coalesce(pg_catalog.current_setting('ttfd.now', true), '') = '' THEN pg_catalog.now()
              WHEN pg_catalog.pg_has_role(ttfd.caller_role(), 'ttfd_owner', 'USAGE')
              THEN pg_catalog.current_setting('ttfd.now')::timestamptz
              ELSE pg_catalog.now()
         END;
$$;

COMMENT ON FUNCTION ttfd.current_time() IS
  'The time that rules go by: the start of the transaction, or the setting ttfd.now of a member of ttfd_owner.';
