-- Persons are the connected groups of accounts: each takes the lowest number among those it is linked to, until nothing
-- moves (groups are small, so that is a few rounds). A group that cannot be one member falls apart again.
CREATE OR REPLACE FUNCTION ttfd.follow_import_links(p_run_id bigint, p_kind text, p_reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off
AS $$
BEGIN
  INSERT INTO ttfd.import_groups (run_id, home, person)
  SELECT p_run_id, e.home, min(least(l.person, l.to_person))
    FROM ttfd.import_links l
   CROSS JOIN LATERAL (VALUES (l.person), (l.to_person)) e (home)
   WHERE l.run_id = p_run_id AND l.kind = p_kind AND l.is_new
   GROUP BY e.home;
  LOOP
    UPDATE ttfd.import_groups g
       SET person = n.person
      FROM (SELECT greatest(one.person, other.person) AS was, min(least(one.person, other.person)) AS person
              FROM ttfd.import_links l
              JOIN ttfd.import_groups one ON one.run_id = p_run_id AND one.home = l.person
              JOIN ttfd.import_groups other ON other.run_id = p_run_id AND other.home = l.to_person
             WHERE l.run_id = p_run_id AND l.kind = p_kind AND l.is_new AND one.person <> other.person
             GROUP BY 1) n
     WHERE g.run_id = p_run_id AND g.person = n.was;
    EXIT WHEN NOT FOUND;
  END LOOP;

  UPDATE ttfd.import_groups g
     SET is_refused = true, has_two_users = b.has_two_users
    FROM (SELECT p.person, coalesce(min(p.first_user) < max(p.last_user), false) AS has_two_users
            FROM (SELECT m.person, i.platform, count(*) AS accounts, min(i.user_id) AS first_user, max(i.user_id) AS last_user
                    FROM ttfd.import_groups m
                    JOIN ttfd.import_identities i ON i.run_id = p_run_id AND i.person = m.home
                   WHERE m.run_id = p_run_id
                   GROUP BY m.person, i.platform) p
           GROUP BY p.person
          HAVING max(p.accounts) > 1 OR min(p.first_user) < max(p.last_user)) b
   WHERE g.run_id = p_run_id AND g.person = b.person;
  IF FOUND THEN
    PERFORM ttfd.refuse_import_links(p_run_id, p_kind, p_reason);
  END IF;

  UPDATE ttfd.import_identities i
     SET person = g.person
    FROM ttfd.import_groups g
   WHERE i.run_id = p_run_id AND g.run_id = p_run_id AND i.person = g.home AND g.person <> g.home AND NOT g.is_refused;

  DELETE FROM ttfd.import_groups g WHERE g.run_id = p_run_id;
END;
$$;

COMMENT ON FUNCTION ttfd.follow_import_links(bigint, text, text) IS
  'Groups accounts into persons along the links of a kind; groups with two accounts on a platform, or two members, become conflicts.';
