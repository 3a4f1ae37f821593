-- Every account that matters to the run: its own, those they state as theirs, members of the same name, and whatever
-- else belongs to a member who is touched. Accounts of one member are one person from the start; to anybody else the number
-- of a member who does not exist yet is given, so that nothing has to be renumbered when they become members.
CREATE OR REPLACE FUNCTION ttfd.collect_import_identities(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_numbers regclass := pg_get_serial_sequence('ttfd.unified_users', 'id');
BEGIN
  -- Names come from the first record, that of the account's own program before others.
  INSERT INTO ttfd.import_identities
    (run_id, platform, external_id, person, user_id, name, username, display_name, row_id, source, source_key, linked_at)
  SELECT p_run_id, o.platform, o.external_id, o.person, o.user_id,
         coalesce(o.name, ttfd.fold_name(o.known_username)), coalesce(o.username, o.known_username),
         coalesce(o.display_name, o.known_display_name), o.row_id, o.source, o.source_key, o.created_at
    FROM (SELECT a.*, coalesce(a.user_id, nextval(v_numbers)) AS person
            -- In the order of the records, so that a dry run and the real one number persons alike.
            FROM (SELECT i.platform, i.external_id, i.name, i.username, i.display_name, i.row_id, i.source, i.source_key,
                         i.created_at, p.user_id, p.username AS known_username, p.display_name AS known_display_name
                    FROM ttfd.import_accounts i
                    LEFT JOIN (SELECT f.platform, f.external_id,
                                      coalesce(min(f.row_id) FILTER (WHERE f.origin = f.platform), min(f.row_id)) AS row_id
                                 FROM ttfd.import_accounts f
                                 JOIN ttfd.import_repeated USING (run_id, platform, external_id)
                                WHERE f.run_id = p_run_id
                                GROUP BY f.platform, f.external_id) m USING (platform, external_id)
                    LEFT JOIN ttfd.platform_accounts p USING (platform, external_id)
                   WHERE i.run_id = p_run_id AND i.row_id = coalesce(m.row_id, i.row_id)
                   ORDER BY i.row_id) a
          OFFSET 0) o;

  -- What the first record lacks, another may have.
  IF EXISTS (SELECT 1 FROM ttfd.import_repeated m WHERE m.run_id = p_run_id) THEN
    UPDATE ttfd.import_identities i
       SET name = coalesce(i.name, a.name), username = coalesce(i.username, a.username),
           display_name = coalesce(i.display_name, a.display_name), linked_at = coalesce(i.linked_at, a.created_at)
      FROM (SELECT n.platform, n.external_id, max(n.name) AS name, max(n.username) AS username,
                   max(n.display_name) AS display_name, min(n.created_at) AS created_at
              FROM ttfd.import_accounts n
              JOIN ttfd.import_repeated USING (run_id, platform, external_id)
             WHERE n.run_id = p_run_id
               AND NOT EXISTS (SELECT 1 FROM ttfd.import_identities f WHERE f.run_id = p_run_id AND f.row_id = n.row_id)
             GROUP BY n.platform, n.external_id) a
     WHERE i.run_id = p_run_id AND (i.platform, i.external_id) = (a.platform, a.external_id)
       AND (i.username IS NULL AND a.username IS NOT NULL OR i.display_name IS NULL AND a.display_name IS NOT NULL
            OR i.linked_at IS NULL AND a.created_at IS NOT NULL);
  END IF;

  ANALYZE ttfd.import_identities;
  INSERT INTO ttfd.import_identities
    (run_id, platform, external_id, person, user_id, name, username, display_name)
  SELECT p_run_id, l.platform, l.external_id, l.person, l.user_id, ttfd.fold_name(l.username), l.username, l.display_name
    FROM (SELECT s.*, coalesce(s.user_id, nextval(v_numbers)) AS person
            FROM (SELECT n.platform, n.external_id, p.user_id, p.username, p.display_name
                    FROM (SELECT e.platform, e.external_id
                            FROM ttfd.import_links k
                           CROSS JOIN LATERAL (VALUES (k.platform, k.external_id), (k.to_platform, k.to_external_id))
                                   e (platform, external_id)
                           WHERE k.run_id = p_run_id
                           UNION
                          SELECT a.platform, a.external_id
                            FROM ttfd.platform_accounts a
                            JOIN ttfd.list_import_touched(p_run_id) t USING (user_id)) n
                    LEFT JOIN ttfd.platform_accounts p USING (platform, external_id)
                   WHERE NOT EXISTS (SELECT 1
                                       FROM ttfd.import_identities k
                                      WHERE k.run_id = p_run_id AND (k.platform, k.external_id) = (n.platform, n.external_id))
                   ORDER BY n.platform, n.external_id) s
          OFFSET 0) l;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_identities(bigint) IS 'Fills import_identities for a run.';
