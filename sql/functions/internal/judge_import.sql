-- A loader may have its records judged while it reads on; what is left is judged when the run is unified.
CREATE OR REPLACE FUNCTION ttfd.judge_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_after bigint := coalesce((SELECT j.row_id FROM ttfd.import_judged j WHERE j.run_id = p_run_id), 0);
BEGIN
  PERFORM ttfd.reject_forgotten_rows(p_run_id, v_after);
  PERFORM ttfd.collect_import_events(p_run_id, v_after);
  PERFORM ttfd.collect_import_accounts(p_run_id, v_after);
  INSERT INTO ttfd.import_judged (run_id, row_id)
  SELECT p_run_id, max(r.id) FROM ttfd.import_rows r WHERE r.run_id = p_run_id AND r.id > v_after HAVING count(*) > 0
  ON CONFLICT (run_id) DO UPDATE SET row_id = excluded.row_id;
END;
$$;

COMMENT ON FUNCTION ttfd.judge_import(bigint) IS
  'Judges the records of a run that were not judged yet, and takes them apart: see collect_import_accounts.';
