CREATE OR REPLACE FUNCTION ttfd.list_import_touched(p_run_id bigint)
RETURNS TABLE (user_id bigint)
LANGUAGE sql STABLE
AS $$
  SELECT i.user_id FROM ttfd.import_identities i WHERE i.run_id = p_run_id AND i.user_id IS NOT NULL
   UNION
  SELECT p.user_id
    FROM ttfd.import_links k
   CROSS JOIN LATERAL (VALUES (k.platform, k.external_id), (k.to_platform, k.to_external_id)) e (platform, external_id)
    JOIN ttfd.platform_accounts p ON p.platform = e.platform AND p.external_id = e.external_id
   WHERE k.run_id = p_run_id
   UNION
  SELECT p.user_id
    FROM ttfd.platform_accounts p
    JOIN ttfd.import_identities i ON i.run_id = p_run_id AND i.name = ttfd.fold_name(p.username);
$$;

COMMENT ON FUNCTION ttfd.list_import_touched(bigint) IS
  'Members to whom accounts of a run belong, whom its records state, or who bear the name of one.';
