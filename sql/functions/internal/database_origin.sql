-- A dump restored elsewhere has another system or another database; a restore of the files, and a replica that took over,
-- have another timeline. Where a hosting provider keeps these from us, an administrator has to say it.
CREATE OR REPLACE FUNCTION ttfd.database_origin()
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT format('%s/%s/%s', s.system_identifier, d.oid, c.timeline_id)
            FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_database d
           WHERE d.datname = current_database());
EXCEPTION
  WHEN insufficient_privilege THEN
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.database_origin() IS
  'Which database of which server this is, and on which timeline; NULL where that cannot be known.';
