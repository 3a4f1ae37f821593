CREATE OR REPLACE FUNCTION ttfd.link_import_by_id(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username, candidates)
  SELECT p_run_id, 'malformed_link', a.source, a.source_key, a.platform, a.external_id, a.username,
         jsonb_build_array(jsonb_build_object('platform', s.platform, 'external_id', left(s.external_id, 60)))
    FROM ttfd.stated_import_links(p_run_id) s
    JOIN ttfd.import_identities a
      ON a.run_id = p_run_id AND a.platform = s.from_platform AND a.external_id = s.from_external_id
   WHERE NOT s.is_well_formed;

  INSERT INTO ttfd.import_links (run_id, kind, platform, external_id, to_platform, to_external_id, is_new)
  SELECT DISTINCT p_run_id, 'id', e.ends[1], e.ends[2], e.ends[3], e.ends[4], one.home <> other.home
    FROM ttfd.stated_import_links(p_run_id) s
   CROSS JOIN LATERAL (
           SELECT CASE WHEN (s.from_platform, s.from_external_id) < (s.platform, s.external_id)
                       THEN ARRAY[s.from_platform, s.from_external_id, s.platform, s.external_id]
                       ELSE ARRAY[s.platform, s.external_id, s.from_platform, s.from_external_id] END) e (ends)
    JOIN ttfd.import_identities one
      ON one.run_id = p_run_id AND one.platform = e.ends[1] AND one.external_id = e.ends[2]
    JOIN ttfd.import_identities other
      ON other.run_id = p_run_id AND other.platform = e.ends[3] AND other.external_id = e.ends[4]
   WHERE s.is_well_formed;

  PERFORM ttfd.follow_import_links(p_run_id, 'id', 'links_contradict');
END;
$$;

COMMENT ON FUNCTION ttfd.link_import_by_id(bigint) IS
  'Joins accounts that state each other''s ids; contradictions become conflicts.';
