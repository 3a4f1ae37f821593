-- The ledger only grows: what a run gave is taken back by events of its own. Members whom it made and who have done nothing
-- since become nobody's rows, as those of forgotten members do, because the feed has told of them.
CREATE OR REPLACE FUNCTION ttfd.undo_import(p_run_id bigint)
RETURNS TABLE (
  run_id bigint, status text, users_removed bigint, users_kept bigint, accounts_removed bigint, xp bigint, coins bigint,
  spent_xp bigint, spent_coins bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET work_mem = '128MB'
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_read_committed();
  PERFORM require_undoable_import(p_run_id);
  PERFORM set_config('ttfd.update_kind', 'import', true);
  -- In the order in which a merge locks, so that neither waits for the other. Whoever was merged before the table was
  -- locked is found only now.
  PERFORM lock_undone_members(p_run_id);
  LOCK TABLE platform_accounts IN SHARE ROW EXCLUSIVE MODE;
  PERFORM lock_undone_members(p_run_id);
  ANALYZE import_balances, import_changes;
  PERFORM measure_import_undo(p_run_id);
  ANALYZE import_grants;
  SELECT coalesce(sum(g.xp), 0), coalesce(sum(g.coins), 0), coalesce(sum(g.owed_xp), 0), coalesce(sum(g.owed_coins), 0),
         (SELECT count(*) FROM list_undone_members(p_run_id))
    INTO xp, coins, spent_xp, spent_coins, users_kept
    FROM import_grants g
   WHERE g.run_id = p_run_id;
  PERFORM take_back_import(p_run_id);
  SELECT r.users, r.accounts INTO users_removed, accounts_removed FROM remove_import_accounts(p_run_id) r;
  DELETE FROM import_changes c WHERE c.run_id = p_run_id;
  DELETE FROM import_grants g WHERE g.run_id = p_run_id;
  UPDATE import_runs r SET status = 'undone', undone_at = ttfd.current_time() WHERE r.id = p_run_id;
  PERFORM set_config('ttfd.update_kind', '', true);
  run_id := p_run_id;
  status := 'undone';
  users_kept := users_kept - users_removed;
  PERFORM audit('import_undone', NULL,
                jsonb_build_object('run_id', p_run_id, 'xp', xp, 'coins', coins, 'spent_xp', spent_xp, 'spent_coins', spent_coins));
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_import(bigint) IS
  'Takes the last import back: amounts, streaks, dates, achievements and accounts are as before it; what members have earned since stays theirs. Members whom it made and who have done nothing since are gone; those who have keep their accounts. Coins and XP that are not there any more are left out, and counted. Returns run_id, status (undone), users_removed, users_kept (members who go on), accounts_removed, xp, coins (taken back), spent_xp, spent_coins (not there any more). Raises 55000 when the run was not unified, or a later one was. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.undo_import(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.undo_import(bigint) TO ttfd_admin;
