-- Of a finished run only what was rejected is left, and it holds personal data. A run that waits to be unified keeps its records.
CREATE OR REPLACE FUNCTION ttfd.purge_import_rows(p_limit integer)
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    DELETE FROM ttfd.import_rows
     WHERE id = ANY (ARRAY(SELECT r.id
                             FROM ttfd.import_rows r
                            WHERE r.reject_reason IS NOT NULL
                              AND r.run_id IN (SELECT n.id FROM ttfd.import_runs n
                                                WHERE n.finished_at < ttfd.kept_since('keep_import_rows_days'))
                            LIMIT p_limit FOR UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_import_rows(integer) IS 'Removes records that imports have rejected long ago. Returns how many.';
