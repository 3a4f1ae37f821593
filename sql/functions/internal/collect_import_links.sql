-- An account that states its own id as that of another platform says nothing: a program that kept two bots in one table
-- did so.
CREATE OR REPLACE FUNCTION ttfd.collect_import_links(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH stated AS MATERIALIZED (
    SELECT a.source, a.source_key, a.username, a.platform, a.external_id, l.platform AS to_platform,
           l.external_id AS to_external_id, l.external_id ~ p.id_pattern AND l.external_id <> a.external_id AS is_well_formed
      FROM ttfd.import_accounts a
     CROSS JOIN LATERAL (VALUES ('telegram', a.telegram_id), ('discord', a.discord_id), ('website', a.website_email))
             AS l (platform, external_id)
      JOIN ttfd.platforms p ON p.name = l.platform
     WHERE a.run_id = p_run_id
       AND num_nonnulls(a.telegram_id, a.discord_id, a.website_email) > 0
       AND l.external_id IS NOT NULL
       AND (l.platform, l.external_id) <> (a.platform, a.external_id)
  ), malformed AS (
    INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username, candidates)
    SELECT DISTINCT ON (s.platform, s.external_id, s.to_platform, s.to_external_id)
           p_run_id, 'malformed_link', s.source, s.source_key, s.platform, s.external_id, s.username,
           jsonb_build_array(jsonb_build_object('platform', s.to_platform, 'external_id', left(s.to_external_id, 60)))
      FROM stated s
     WHERE NOT s.is_well_formed
     ORDER BY s.platform, s.external_id, s.to_platform, s.to_external_id, s.source, s.source_key
  )
  INSERT INTO ttfd.import_links (run_id, kind, platform, external_id, to_platform, to_external_id, is_new)
  SELECT DISTINCT p_run_id, 'id', e.ends[1], e.ends[2], e.ends[3], e.ends[4], false
    FROM stated s
   CROSS JOIN LATERAL (
           SELECT CASE WHEN (s.platform, s.external_id) < (s.to_platform, s.to_external_id)
                       THEN ARRAY[s.platform, s.external_id, s.to_platform, s.to_external_id]
                       ELSE ARRAY[s.to_platform, s.to_external_id, s.platform, s.external_id] END) e (ends)
   WHERE s.is_well_formed;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_links(bigint) IS
  'Fills import_links with the ids of other platforms that the records of a run state; ids of the wrong form become conflicts.';
