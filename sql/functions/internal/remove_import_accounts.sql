CREATE OR REPLACE FUNCTION ttfd.remove_import_accounts(p_run_id bigint)
RETURNS TABLE (users bigint, accounts bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_removed bigint;
BEGIN
  -- Members whom the run made, who have no other account and have done nothing since.
  UPDATE ttfd.unified_users u
     SET forgotten_at = ttfd.current_time(), daily_streak = 0, last_daily = NULL, achievements = '{}'
   WHERE u.id IN (SELECT a.user_id
                    FROM ttfd.platform_accounts a
                   GROUP BY a.user_id
                  HAVING bool_and(a.import_run_id IS NOT DISTINCT FROM p_run_id))
     AND u.xp = 0 AND u.coins = 0 AND u.forgotten_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM ttfd.import_changes c WHERE c.run_id = p_run_id AND c.user_id = u.id)
     AND NOT EXISTS (SELECT 1 FROM ttfd.cross_platform_events e WHERE e.user_id = u.id AND e.event_type <> 'opening_balance')
     AND NOT EXISTS (SELECT 1 FROM ttfd.unified_users m WHERE m.merged_into = u.id);
  GET DIAGNOSTICS users = ROW_COUNT;

  DELETE FROM ttfd.platform_accounts a
   USING ttfd.unified_users u
   WHERE a.import_run_id = p_run_id AND u.id = a.user_id AND u.forgotten_at IS NOT NULL;
  GET DIAGNOSTICS accounts = ROW_COUNT;

  -- Accounts that it gave to members who were there before; nobody loses the last one.
  DELETE FROM ttfd.platform_accounts a
   USING ttfd.import_changes c
   WHERE a.import_run_id = p_run_id AND c.run_id = p_run_id AND c.user_id = a.user_id
     AND EXISTS (SELECT 1 FROM ttfd.platform_accounts o
                  WHERE o.user_id = a.user_id AND o.import_run_id IS DISTINCT FROM p_run_id);
  GET DIAGNOSTICS v_removed = ROW_COUNT;
  accounts := accounts + v_removed;
  UPDATE ttfd.platform_accounts a SET import_run_id = NULL WHERE a.import_run_id = p_run_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.remove_import_accounts(bigint) IS
  'Removes the accounts that a run brought, and with them the members who are nothing else. Returns users, accounts.';
