-- Persons are the connected groups of accounts: each account takes the lowest number among those it is linked to, until
-- nothing moves (groups are small, so that is a few rounds). A group that cannot be one member falls apart again.
CREATE OR REPLACE FUNCTION ttfd.follow_import_links(p_run_id bigint, p_kind text, p_reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  LOOP
    UPDATE ttfd.import_identities i
       SET person = n.person
      FROM (SELECT one.person AS was, min(other.person) AS person
              FROM (SELECT platform, external_id, to_platform, to_external_id
                      FROM ttfd.import_links WHERE run_id = p_run_id AND kind = p_kind AND NOT is_refused
                     UNION ALL
                    SELECT to_platform, to_external_id, platform, external_id
                      FROM ttfd.import_links WHERE run_id = p_run_id AND kind = p_kind AND NOT is_refused) l
              JOIN ttfd.import_identities one
                ON one.run_id = p_run_id AND one.platform = l.platform AND one.external_id = l.external_id
              JOIN ttfd.import_identities other
                ON other.run_id = p_run_id AND other.platform = l.to_platform AND other.external_id = l.to_external_id
             GROUP BY one.person) n
     WHERE i.run_id = p_run_id AND i.person = n.was AND n.person < n.was;
    EXIT WHEN NOT FOUND;
  END LOOP;

  WITH bad AS (
    SELECT i.person, count(DISTINCT i.user_id) > 1 AS has_two_users
      FROM ttfd.import_identities i
     WHERE i.run_id = p_run_id
       AND i.person IN (SELECT n.person FROM ttfd.import_identities n WHERE n.run_id = p_run_id AND n.person <> n.home)
     GROUP BY i.person
    HAVING count(*) > count(DISTINCT i.platform) OR count(DISTINCT i.user_id) > 1
  ), conflicts AS (
    INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username, candidates)
    SELECT p_run_id, CASE WHEN b.has_two_users THEN 'two_users' ELSE p_reason END, i.source, i.source_key, i.platform,
           i.external_id, i.username,
           (SELECT jsonb_agg(jsonb_build_object('platform', o.platform, 'external_id', o.external_id, 'username', o.username)
                             ORDER BY o.platform, o.external_id)
              FROM ttfd.import_identities o
             WHERE o.run_id = p_run_id AND o.person = b.person
               AND (o.platform, o.external_id) <> (i.platform, i.external_id))
      FROM bad b
      JOIN ttfd.import_identities i ON i.run_id = p_run_id AND i.person = b.person AND i.row_id IS NOT NULL
  ), refused AS (
    UPDATE ttfd.import_links l
       SET is_refused = true
      FROM ttfd.import_identities i
      JOIN bad b ON b.person = i.person
     WHERE l.run_id = p_run_id AND l.kind = p_kind
       AND i.run_id = p_run_id AND i.platform = l.platform AND i.external_id = l.external_id
  )
  UPDATE ttfd.import_identities i
     SET person = i.home
    FROM bad b
   WHERE i.run_id = p_run_id AND i.person = b.person;

  UPDATE ttfd.import_identities i SET home = i.person WHERE i.run_id = p_run_id AND i.home <> i.person;
END;
$$;

COMMENT ON FUNCTION ttfd.follow_import_links(bigint, text, text) IS
  'Groups accounts into persons along the links of a kind; groups with two accounts on a platform, or two members, become conflicts.';
