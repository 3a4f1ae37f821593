CREATE OR REPLACE FUNCTION ttfd.refuse_import_links(p_run_id bigint, p_kind text, p_reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off
AS $$
BEGIN
  WITH members AS MATERIALIZED (
    SELECT g.person AS group_id, g.has_two_users, i.source, i.source_key, i.platform, i.external_id, i.username,
           i.row_id IS NOT NULL AS has_record
      FROM ttfd.import_groups g
      JOIN ttfd.import_identities i ON i.run_id = p_run_id AND i.person = g.home
     WHERE g.run_id = p_run_id AND g.is_refused
  ), candidates AS (
    SELECT m.platform, m.external_id,
           jsonb_agg(jsonb_build_object('platform', o.platform, 'external_id', o.external_id, 'username', o.username)
                     ORDER BY o.platform, o.external_id) AS listed
      FROM members m
      JOIN members o ON o.group_id = m.group_id AND (o.platform, o.external_id) <> (m.platform, m.external_id)
     WHERE m.has_record
     GROUP BY m.platform, m.external_id
  )
  INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username, candidates)
  SELECT p_run_id, CASE WHEN m.has_two_users THEN 'two_users' ELSE p_reason END, m.source, m.source_key, m.platform,
         m.external_id, m.username, c.listed
    FROM members m
    JOIN candidates c USING (platform, external_id);

  UPDATE ttfd.import_links l
     SET is_refused = true
    FROM ttfd.import_groups g
   WHERE l.run_id = p_run_id AND l.kind = p_kind AND l.is_new
     AND g.run_id = p_run_id AND g.is_refused AND g.home = l.person;
END;
$$;

COMMENT ON FUNCTION ttfd.refuse_import_links(bigint, text, text) IS
  'Makes conflicts of the accounts whose group is refused, and marks the links that made it.';
