CREATE OR REPLACE FUNCTION ttfd.reject_import_rows(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  -- Who has asked to be forgotten is not imported again, and not listed by name among the rejected.
  UPDATE ttfd.import_rows r
     SET reject_reason = 'forgotten', source_key = 'forgotten', record = NULL
   WHERE r.run_id = p_run_id
     AND EXISTS (SELECT 1
                   FROM ttfd.forgotten_accounts f
                  CROSS JOIN ttfd.forgetting_key k
                  CROSS JOIN ttfd.stated_accounts(r.platform, r.record) s
                  WHERE f.expires_at > ttfd.current_time()
                    AND f.account_digest = ttfd.digest_account(k.key, s.platform, s.external_id));

  UPDATE ttfd.import_rows r
     SET reject_reason = j.reason
    FROM (SELECT i.id, ttfd.assess_import_record(i.record, p) AS reason
            FROM ttfd.import_rows i
            LEFT JOIN ttfd.platforms p ON p.name = i.platform
           WHERE i.run_id = p_run_id AND i.reject_reason IS NULL) j
   WHERE r.id = j.id AND j.reason IS NOT NULL;

  -- The same account twice in one part of one program's data: the first row counts.
  UPDATE ttfd.import_rows r
     SET reject_reason = 'duplicate of ' || d.first_key
                         || CASE WHEN d.first_record = r.record THEN '' ELSE ', with other values' END
    FROM (SELECT i.id,
                 row_number() OVER w AS place,
                 first_value(i.source_key) OVER w AS first_key,
                 first_value(i.record) OVER w AS first_record
            FROM ttfd.import_rows i
            JOIN ttfd.import_sources s ON s.run_id = i.run_id AND s.source = i.source
            JOIN ttfd.platforms p ON p.name = i.platform
           WHERE i.run_id = p_run_id AND i.reject_reason IS NULL
          WINDOW w AS (PARTITION BY s.origin, i.part, i.platform, ttfd.fold_external_id(p, i.record ->> 'external_id')
                       ORDER BY i.id)) d
   WHERE r.id = d.id AND d.place > 1;
END;
$$;

COMMENT ON FUNCTION ttfd.reject_import_rows(bigint) IS 'Marks the records of a run that cannot be imported with the reason.';
