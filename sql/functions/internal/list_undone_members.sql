CREATE OR REPLACE FUNCTION ttfd.list_undone_members(p_run_id bigint)
RETURNS TABLE (user_id bigint)
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(u.merged_into, u.id)
    FROM (SELECT b.user_id FROM ttfd.import_balances b WHERE b.run_id = p_run_id
           UNION
          SELECT c.user_id FROM ttfd.import_changes c WHERE c.run_id = p_run_id
           UNION
          SELECT a.user_id FROM ttfd.platform_accounts a WHERE a.import_run_id = p_run_id) t
    JOIN ttfd.unified_users u ON u.id = t.user_id
   WHERE u.forgotten_at IS NULL
   GROUP BY 1;
$$;

COMMENT ON FUNCTION ttfd.list_undone_members(bigint) IS
  'Members whom a run has touched, as they are now: a merged one stands for the survivor, a forgotten one is left alone.';
