CREATE OR REPLACE FUNCTION ttfd.list_import_conflicts(p_run_id bigint)
RETURNS TABLE (
  conflict_id bigint, kind text, reason text, source text, source_key text, platform text, external_id text,
  username text, candidates jsonb, settled_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT c.id, 'conflict', c.reason, c.source, c.source_key, c.platform, c.external_id, c.username, c.candidates,
         c.settled_at
    FROM import_conflicts c
   WHERE c.run_id = coalesce(p_run_id, (SELECT max(l.id) FROM import_runs l WHERE l.status = 'unified'))
   UNION ALL
  SELECT NULL, 'rejected', r.reject_reason, r.source, r.source_key, r.platform, r.record ->> 'external_id',
         r.record ->> 'username', '[]', NULL
    FROM import_rows r
   WHERE r.run_id = coalesce(p_run_id, (SELECT max(l.id) FROM import_runs l WHERE l.status = 'unified'))
     AND r.reject_reason IS NOT NULL
   ORDER BY 2, 4, 5;
$$;

COMMENT ON FUNCTION ttfd.list_import_conflicts(bigint) IS
  'What a run, or the last one when NULL is given, left to a person: conflicts (the account was imported, but not joined to anybody) and rejected records (not imported). Returns conflict_id, kind (conflict, rejected), reason, source, source_key, platform, external_id, username, candidates (accounts it might belong to), settled_at. Reasons of conflicts: links_contradict, two_users, ambiguous_username, other_id_known, malformed_link, amount_below_zero.';

REVOKE ALL ON FUNCTION ttfd.list_import_conflicts(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_import_conflicts(bigint) TO ttfd_admin;
