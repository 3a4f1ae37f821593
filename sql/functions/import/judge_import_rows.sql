CREATE OR REPLACE FUNCTION ttfd.judge_import_rows(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET jit = off
AS $$
BEGIN
  PERFORM require_loading_import(p_run_id);
  PERFORM judge_import(p_run_id);
END;
$$;

COMMENT ON FUNCTION ttfd.judge_import_rows(bigint) IS
  'Judges the records that were loaded into a run since it was last asked, so that unify_import finds it done. A loader calls it between two COPY and reads on meanwhile; it need not. Raises 55000 when the run is finished.';

REVOKE ALL ON FUNCTION ttfd.judge_import_rows(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.judge_import_rows(bigint) TO ttfd_admin;
