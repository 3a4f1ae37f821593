-- A name joins accounts only where it can mean nobody else: one account on each platform bears it, no id says otherwise.
CREATE OR REPLACE FUNCTION ttfd.link_import_by_username(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH named AS MATERIALIZED (
    SELECT i.*, ttfd.fold_name(i.username) AS name
      FROM ttfd.import_identities i
     WHERE i.run_id = p_run_id AND ttfd.fold_name(i.username) IS NOT NULL
  ), groups AS MATERIALIZED (
    SELECT n.name, min(n.person) AS person,
           count(*) > count(DISTINCT n.platform) AS is_ambiguous,
           count(DISTINCT n.user_id) > 1 AS has_two_users,
           (SELECT count(*) > count(DISTINCT o.platform)
              FROM ttfd.import_identities o
             WHERE o.run_id = p_run_id AND o.person = ANY (array_agg(n.person))) AS is_contradicted
      FROM named n
     GROUP BY n.name
    HAVING count(DISTINCT n.person) > 1
  ), refused AS (
    INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username, candidates)
    SELECT p_run_id,
           CASE WHEN g.is_ambiguous THEN 'ambiguous_username'
                WHEN g.is_contradicted THEN 'other_id_known'
                ELSE 'two_users'
           END,
           a.source, a.source_key, a.platform, a.external_id, a.username,
           (SELECT jsonb_agg(jsonb_build_object('platform', c.platform, 'external_id', c.external_id, 'username', c.username))
              FROM (SELECT o.platform, o.external_id, o.username
                      FROM named o
                     WHERE o.name = g.name AND o.person <> n.person
                     ORDER BY o.platform, o.external_id
                     LIMIT 10) c)
      FROM groups g
      JOIN named n ON n.name = g.name
      JOIN ttfd.import_accounts a ON a.run_id = p_run_id AND a.platform = n.platform AND a.external_id = n.external_id
     WHERE g.is_ambiguous OR g.has_two_users OR g.is_contradicted
  )
  INSERT INTO ttfd.import_links (run_id, kind, platform, external_id, to_platform, to_external_id, is_new)
  SELECT p_run_id, 'username', f.platform, f.external_id, n.platform, n.external_id, true
    FROM groups g
    JOIN LATERAL (SELECT o.platform, o.external_id FROM named o
                   WHERE o.name = g.name AND o.person = g.person
                   ORDER BY o.platform LIMIT 1) f ON true
    JOIN named n ON n.name = g.name AND n.person <> g.person
   WHERE NOT (g.is_ambiguous OR g.has_two_users OR g.is_contradicted);

  PERFORM ttfd.follow_import_links(p_run_id, 'username', 'ambiguous_username');

  UPDATE ttfd.import_identities i
     SET link_method = 'import_username'
    FROM ttfd.import_links l
   WHERE i.run_id = p_run_id AND l.run_id = p_run_id AND l.kind = 'username' AND NOT l.is_refused
     AND i.platform = l.to_platform AND i.external_id = l.to_external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.link_import_by_username(bigint) IS
  'Joins accounts of the same unambiguous username; all other equal names become conflicts.';
