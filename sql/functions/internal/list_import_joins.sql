-- Not kept with the report: it is for the owner's eyes, once.
CREATE OR REPLACE FUNCTION ttfd.list_import_joins(p_run_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'reason', j.kind,
           'platform', j.platform, 'external_id', j.external_id, 'username', one.username,
           'to_platform', j.to_platform, 'to_external_id', j.to_external_id, 'to_username', other.username)
           ORDER BY j.kind, j.platform, j.external_id, j.to_platform), '[]')
    FROM (SELECT l.*
            FROM ttfd.import_links l
           WHERE l.run_id = p_run_id AND l.is_new AND NOT l.is_refused
           ORDER BY l.kind, l.platform, l.external_id, l.to_platform
           LIMIT 10000) j
    JOIN ttfd.import_identities one
      ON one.run_id = p_run_id AND one.platform = j.platform AND one.external_id = j.external_id
    JOIN ttfd.import_identities other
      ON other.run_id = p_run_id AND other.platform = j.to_platform AND other.external_id = j.to_external_id;
$$;

COMMENT ON FUNCTION ttfd.list_import_joins(bigint) IS
  'Whom a run joined to whom and why (id, username), as JSON; the first 10,000.';
