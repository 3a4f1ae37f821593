-- Every account that matters to the run: its own, those they state as theirs, members of the same name, and whatever
-- else belongs to a member who is touched. Accounts of one member are one person from the start.
CREATE OR REPLACE FUNCTION ttfd.collect_import_identities(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.import_identities
    (run_id, platform, external_id, person, home, user_id, username, display_name,
     source, source_key, linked_at)
  WITH own AS (
    SELECT a.platform, a.external_id,
           (array_agg(a.username ORDER BY a.username IS NULL, a.origin = a.platform DESC, a.origin))[1] AS username,
           (array_agg(a.display_name ORDER BY a.display_name IS NULL, a.origin = a.platform DESC, a.origin))[1] AS display_name,
           (array_agg(a.source ORDER BY a.origin = a.platform DESC, a.origin, a.part))[1] AS source,
           (array_agg(a.source_key ORDER BY a.origin = a.platform DESC, a.origin, a.part))[1] AS source_key,
           min(a.created_at) AS linked_at
      FROM ttfd.import_accounts a
     WHERE a.run_id = p_run_id
     GROUP BY a.platform, a.external_id
  ), mentioned AS (
    SELECT platform, external_id FROM own
     UNION
    SELECT s.platform, s.external_id FROM ttfd.stated_import_links(p_run_id) s WHERE s.is_well_formed
  ), touched AS (
    SELECT p.user_id FROM ttfd.platform_accounts p JOIN mentioned m USING (platform, external_id)
     UNION
    SELECT p.user_id
      FROM ttfd.platform_accounts p
     WHERE ttfd.fold_name(p.username) IN (SELECT ttfd.fold_name(o.username) FROM own o)
  ), listed AS (
    SELECT platform, external_id FROM mentioned
     UNION
    SELECT p.platform, p.external_id FROM ttfd.platform_accounts p JOIN touched t USING (user_id)
  ), numbered AS (
    SELECT l.platform, l.external_id, p.user_id, coalesce(o.username, p.username) AS username,
           coalesce(o.display_name, p.display_name) AS display_name, o.source, o.source_key, o.linked_at,
           row_number() OVER (ORDER BY l.platform, l.external_id) AS number
      FROM listed l
      LEFT JOIN own o USING (platform, external_id)
      LEFT JOIN ttfd.platform_accounts p USING (platform, external_id)
  ), grouped AS (
    SELECT n.*, min(n.number) OVER (PARTITION BY n.user_id, CASE WHEN n.user_id IS NULL THEN n.number END) AS person
      FROM numbered n
  )
  SELECT p_run_id, g.platform, g.external_id, g.person, g.person, g.user_id, g.username, g.display_name,
         g.source, g.source_key, g.linked_at
    FROM grouped g;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_identities(bigint) IS 'Fills import_identities for a run.';
