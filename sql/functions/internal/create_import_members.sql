-- A person whom no accepted record is about, only somebody's contradicted word, is not made a member.
CREATE OR REPLACE FUNCTION ttfd.create_import_members(p_run_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_created bigint;
BEGIN
  UPDATE ttfd.import_identities i
     SET user_id = o.user_id
    FROM (SELECT n.person, coalesce(n.user_id, nextval(pg_get_serial_sequence('ttfd.unified_users', 'id'))) AS user_id
            FROM (SELECT person, max(user_id) AS user_id
                    FROM ttfd.import_identities
                   WHERE run_id = p_run_id
                   GROUP BY person
                  HAVING max(user_id) IS NOT NULL OR count(source) > 0
                   ORDER BY person) n) o
   WHERE i.run_id = p_run_id AND i.person = o.person AND i.user_id IS DISTINCT FROM o.user_id;

  INSERT INTO ttfd.unified_users (id, primary_platform, created_at, last_active)
  SELECT i.user_id,
         (array_agg(i.platform ORDER BY a.external_id IS NULL, i.linked_at NULLS LAST, i.platform))[1],
         coalesce(min(a.created_at), ttfd.current_time()),
         coalesce(max(a.last_active), max(a.created_at), ttfd.current_time())
    FROM ttfd.import_identities i
    LEFT JOIN ttfd.import_accounts a
      ON a.run_id = p_run_id AND a.platform = i.platform AND a.external_id = i.external_id
   WHERE i.run_id = p_run_id AND i.user_id IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = i.user_id)
   GROUP BY i.user_id;
  GET DIAGNOSTICS v_created = ROW_COUNT;

  INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, username, display_name, link_method, linked_at)
  SELECT i.platform, i.external_id, i.user_id, i.username, i.display_name, i.link_method,
         coalesce(i.linked_at, ttfd.current_time())
    FROM ttfd.import_identities i
   WHERE i.run_id = p_run_id AND i.user_id IS NOT NULL
  ON CONFLICT (platform, external_id) DO NOTHING;
  RETURN v_created;
END;
$$;

COMMENT ON FUNCTION ttfd.create_import_members(bigint) IS
  'Gives every person of a run a member and every account its row. Returns how many members are new.';
