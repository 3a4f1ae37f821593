CREATE OR REPLACE FUNCTION ttfd.require_undoable_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_later bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ttfd.import_runs r WHERE r.id = p_run_id AND r.status = 'unified' FOR UPDATE) THEN
    RAISE EXCEPTION 'run % is no finished import', coalesce(p_run_id::text, 'NULL')
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Only an import that was carried out, and not undone, can be undone.';
  END IF;
  SELECT max(r.id) INTO v_later FROM ttfd.import_runs r WHERE r.id > p_run_id AND r.status = 'unified';
  IF v_later IS NOT NULL THEN
    RAISE EXCEPTION 'run % is not the last import', p_run_id
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Undo run ' || v_later || ' first: it builds on this one.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_undoable_import(bigint) IS 'Raises 55000 unless the run is the last one that was unified; locks it.';
