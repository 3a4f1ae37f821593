CREATE OR REPLACE FUNCTION ttfd.reject_import_rows(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.import_repeated (run_id, platform, external_id)
  SELECT p_run_id, a.platform, a.external_id
    FROM ttfd.import_accounts a
   WHERE a.run_id = p_run_id AND a.reject_reason IS NULL
   GROUP BY a.platform, a.external_id
  HAVING count(*) > 1;

  -- The same account more than once in a part of one program's data: the first record counts; of a key that stands in a
  -- JSON object more than once the last one, as everywhere.
  WITH repeated AS (
    SELECT a.origin, a.part, a.platform, a.external_id, min(a.row_id) AS first_id
      FROM ttfd.import_accounts a
      JOIN ttfd.import_repeated m USING (run_id, platform, external_id)
     WHERE a.run_id = p_run_id AND a.reject_reason IS NULL
     GROUP BY a.origin, a.part, a.platform, a.external_id
    HAVING count(*) > 1
  ), chosen AS (
    SELECT d.origin, d.part, d.platform, d.external_id, max(k.row_id) AS row_id
      FROM repeated d
      JOIN ttfd.import_rows f ON f.id = d.first_id
      JOIN ttfd.import_accounts k
        ON k.run_id = p_run_id AND k.reject_reason IS NULL
       AND (k.origin, k.part, k.platform, k.external_id, k.source, k.source_key)
           = (d.origin, d.part, d.platform, d.external_id, f.source, f.source_key)
     GROUP BY d.origin, d.part, d.platform, d.external_id
  )
  UPDATE ttfd.import_accounts a
     SET reject_reason = 'duplicate of ' || k.source_key
                         || CASE WHEN k.record = r.record THEN '' ELSE ', with other values' END
    FROM chosen c
    JOIN ttfd.import_rows k ON k.id = c.row_id,
         ttfd.import_rows r
   WHERE a.run_id = p_run_id AND a.reject_reason IS NULL
     AND (a.origin, a.part, a.platform, a.external_id) = (c.origin, c.part, c.platform, c.external_id)
     AND a.row_id <> c.row_id
     AND r.id = a.row_id;

  UPDATE ttfd.import_rows r
     SET reject_reason = a.reject_reason
    FROM ttfd.import_accounts a
   WHERE a.run_id = p_run_id AND a.reject_reason IS NOT NULL AND r.id = a.row_id;

  DELETE FROM ttfd.import_accounts a WHERE a.run_id = p_run_id AND a.reject_reason IS NOT NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.reject_import_rows(bigint) IS 'Marks the records of a run that cannot be imported with the reason.';
