CREATE OR REPLACE FUNCTION ttfd.require_loading_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ttfd.import_runs r WHERE r.id = p_run_id AND r.status = 'loading' FOR UPDATE) THEN
    RAISE EXCEPTION 'import run % is not waiting to be unified', coalesce(p_run_id::text, 'NULL')
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Open a run with start_import.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_loading_import(bigint) IS
  'Locks a run that waits to be unified. Raises 55000 for any other.';
