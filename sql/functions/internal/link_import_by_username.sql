-- A name joins accounts only where it can mean nobody else: one account on each platform bears it, no id says otherwise.
CREATE OR REPLACE FUNCTION ttfd.link_import_by_username(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off
AS $$
BEGIN
  WITH repeated AS (
    SELECT i.name
      FROM ttfd.import_identities i
     WHERE i.run_id = p_run_id AND i.name IS NOT NULL
     GROUP BY i.name
    HAVING count(*) > 1
  ), named AS MATERIALIZED (
    SELECT i.* FROM ttfd.import_identities i JOIN repeated USING (name) WHERE i.run_id = p_run_id
  ), shared AS MATERIALIZED (
    SELECT n.name, min(n.person) AS person,
           count(*) > count(DISTINCT n.platform) AS is_ambiguous,
           count(DISTINCT n.user_id) > 1 AS has_two_users
      FROM named n
     GROUP BY n.name
    HAVING count(DISTINCT n.person) > 1
  ), contradicted AS (
    SELECT m.name
      FROM (SELECT DISTINCT n.name, n.person FROM named n JOIN shared USING (name)) m
      JOIN ttfd.import_identities o ON o.run_id = p_run_id AND o.person = m.person
     GROUP BY m.name
    HAVING count(*) > count(DISTINCT o.platform)
  ), refused AS MATERIALIZED (
    SELECT s.name,
           CASE WHEN s.is_ambiguous THEN 'ambiguous_username'
                WHEN c.name IS NOT NULL THEN 'other_id_known'
                WHEN s.has_two_users THEN 'two_users'
           END AS reason
      FROM shared s
      LEFT JOIN contradicted c USING (name)
  ), bearers AS (
    SELECT l.name, jsonb_agg(jsonb_build_object('platform', l.platform, 'external_id', l.external_id, 'username', l.username,
                                                'person', l.person)
                             ORDER BY l.platform, l.external_id) AS listed
      FROM (SELECT n.*, row_number() OVER (PARTITION BY n.name ORDER BY n.platform, n.external_id) AS place
              FROM named n JOIN refused r ON r.name = n.name AND r.reason IS NOT NULL) l
     WHERE l.place <= 11
     GROUP BY l.name
  ), conflicts AS (
    INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username, candidates)
    SELECT p_run_id, r.reason, n.source, n.source_key, n.platform, n.external_id, n.username,
           (SELECT coalesce(jsonb_agg(e.bearer - 'person'), '[]')
              FROM jsonb_array_elements(b.listed) e (bearer)
             WHERE (e.bearer ->> 'person')::bigint <> n.person)
      FROM refused r
      JOIN bearers b ON b.name = r.name
      JOIN named n ON n.name = r.name AND n.row_id IS NOT NULL
     WHERE r.reason IS NOT NULL
  ), firsts AS (
    SELECT DISTINCT ON (s.name) s.name, s.person, n.platform, n.external_id
      FROM shared s
      JOIN refused r ON r.name = s.name AND r.reason IS NULL
      JOIN named n ON n.name = s.name AND n.person = s.person
     ORDER BY s.name, n.platform
  )
  INSERT INTO ttfd.import_links
    (run_id, kind, platform, external_id, to_platform, to_external_id, person, to_person, is_new)
  SELECT p_run_id, 'username', f.platform, f.external_id, n.platform, n.external_id, f.person, n.person, true
    FROM firsts f
    JOIN named n ON n.name = f.name AND n.person <> f.person;

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
