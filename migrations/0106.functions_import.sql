-- Generated from sql/functions/import by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/import/judge_import_rows.sql
CREATE OR REPLACE FUNCTION ttfd.judge_import_rows(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET jit = off
AS $$
BEGIN
  PERFORM require_loading_import(p_run_id);
  PERFORM judge_import(p_run_id);
END;
$$;

COMMENT ON FUNCTION ttfd.judge_import_rows(bigint) IS
  'Judges the records that were loaded into a run since it was last asked, so that unify_import finds it done. A loader calls it between two COPY and reads on meanwhile; it need not. Raises 55000 when the run is finished.';

REVOKE ALL ON FUNCTION ttfd.judge_import_rows(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.judge_import_rows(bigint) TO ttfd_admin;

-- sql/functions/import/list_import_conflicts.sql
CREATE OR REPLACE FUNCTION ttfd.list_import_conflicts(p_run_id bigint)
RETURNS TABLE (
  conflict_id bigint, kind text, reason text, source text, source_key text, platform text, external_id text,
  username text, candidates jsonb, settled_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT c.id, 'conflict', c.reason, c.source, c.source_key, c.platform, c.external_id, c.username, c.candidates,
         c.settled_at
    FROM import_conflicts c
   WHERE c.run_id = coalesce(p_run_id, (SELECT max(l.id) FROM import_runs l WHERE l.status = 'unified'))
   UNION ALL
  SELECT NULL, 'rejected', r.reject_reason, r.source, r.source_key, r.platform, r.record ->> 'external_id',
         r.record ->> 'username', '[]', NULL
    FROM import_rows r
   WHERE r.run_id = coalesce(p_run_id, (SELECT max(l.id) FROM import_runs l WHERE l.status = 'unified'))
     AND r.reject_reason IS NOT NULL
   ORDER BY 2, 4, 5;
$$;

COMMENT ON FUNCTION ttfd.list_import_conflicts(bigint) IS
  'What a run, or the last one when NULL is given, left to a person: conflicts (the account was imported, but not joined to anybody) and rejected records (not imported). Returns conflict_id, kind (conflict, rejected), reason, source, source_key, platform, external_id, username, candidates (accounts it might belong to), settled_at. Reasons of conflicts: links_contradict, two_users, ambiguous_username, other_id_known, malformed_link, amount_below_zero.';

REVOKE ALL ON FUNCTION ttfd.list_import_conflicts(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_import_conflicts(bigint) TO ttfd_admin;

-- sql/functions/import/set_import_policy.sql
CREATE OR REPLACE FUNCTION ttfd.set_import_policy(p_run_id bigint, p_policy text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF coalesce(p_policy, '') !~ '^(sum|max|prefer [a-z][a-z0-9_]{1,30})$' THEN
    RAISE EXCEPTION 'there is no policy %', coalesce(quote_literal(left(p_policy, 60)), 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Policies are sum, max, and prefer with an origin: prefer telegram.';
  END IF;
  PERFORM require_loading_import(p_run_id);
  UPDATE import_runs r SET policy = p_policy WHERE r.id = p_run_id;
END;
$$;

COMMENT ON FUNCTION ttfd.set_import_policy(bigint, text) IS
  'What becomes of the XP and coins of a person with several accounts in a run, before it is unified: they add up (sum, unless told otherwise), those of the account with the most count (max), or those of an origin where the person has an account there, else the most (prefer telegram). Counters always add up. Raises 22023 for another policy, 55000 when the run is finished.';

REVOKE ALL ON FUNCTION ttfd.set_import_policy(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_import_policy(bigint, text) TO ttfd_admin;

-- sql/functions/import/settle_import_conflict.sql
-- Together means a merge, with its journal: undo_merge takes it back.
CREATE OR REPLACE FUNCTION ttfd.settle_import_conflict(
  p_conflict_id bigint, p_settlement text, p_platform text DEFAULT NULL, p_external_id text DEFAULT NULL)
RETURNS TABLE (conflict_id bigint, settlement text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_conflict import_conflicts;
  v_own bigint;
  v_other bigint;
BEGIN
  SELECT * INTO v_conflict FROM import_conflicts c WHERE c.id = p_conflict_id FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no import conflict %', coalesce(p_conflict_id::text, 'NULL')
      USING ERRCODE = 'no_data_found', HINT = 'list_import_conflicts shows them.';
  ELSIF v_conflict.settled_at IS NOT NULL THEN
    RAISE EXCEPTION 'conflict % is settled: %', p_conflict_id, v_conflict.settlement
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'A merge can be undone with undo_merge.';
  END IF;
  SELECT f.user_id INTO v_own FROM find_user(v_conflict.platform, v_conflict.external_id) f;
  IF p_settlement = 'together' THEN
    IF NOT v_conflict.candidates @> jsonb_build_array(jsonb_build_object('platform', p_platform, 'external_id', p_external_id)) THEN
      RAISE EXCEPTION 'conflict % has no such candidate', p_conflict_id
        USING ERRCODE = 'invalid_parameter_value', HINT = 'list_import_conflicts shows the candidates.';
    END IF;
    SELECT f.user_id INTO v_other FROM find_user(p_platform, p_external_id) f;
    IF v_own IS NULL OR v_other IS NULL THEN
      RAISE EXCEPTION 'one of the two accounts belongs to nobody'
        USING ERRCODE = 'TU001', HINT = 'The import may have been undone, or the member forgotten.';
    END IF;
    SELECT m.user_id, m.merge_id INTO user_id, merge_id
      FROM merge_users(least(v_own, v_other), greatest(v_own, v_other), 'import conflict ' || p_conflict_id) m;
  ELSIF p_settlement = 'apart' THEN
    user_id := v_own;
  ELSE
    RAISE EXCEPTION 'there is no settlement %', coalesce(quote_literal(left(p_settlement, 60)), 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Settlements are together, with a candidate, and apart.';
  END IF;
  conflict_id := p_conflict_id;
  settlement := concat_ws(' ', p_settlement, 'with ' || p_platform, p_external_id);
  UPDATE import_conflicts c SET settled_at = ttfd.current_time(), settlement = settle_import_conflict.settlement
   WHERE c.id = p_conflict_id;
  PERFORM audit('import_conflict_settled', NULL,
                jsonb_build_object('conflict_id', p_conflict_id, 'settlement', p_settlement, 'user_id', user_id, 'merge_id', merge_id));
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_import_conflict(bigint, text, text, text) IS
  'A person''s answer to an import conflict: together with one of its candidates, which merges the two members, or apart (also: leave it as it is). Further runs of the same data do not ask again. Returns conflict_id, settlement, user_id (the member), merge_id (for undo_merge). Raises P0002 when there is no such conflict, 55000 when it is settled, 22023 for another answer or account, TU001 when an account belongs to nobody, TL002 when both have an account on one platform. Needs READ COMMITTED for together (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.settle_import_conflict(bigint, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.settle_import_conflict(bigint, text, text, text) TO ttfd_admin;

-- sql/functions/import/start_import.sql
CREATE OR REPLACE FUNCTION ttfd.start_import(p_source text)
RETURNS TABLE (run_id bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  INSERT INTO import_runs (label) VALUES (left(p_source, 1000)) RETURNING id;
$$;

COMMENT ON FUNCTION ttfd.start_import(text) IS
  'Opens an import run; p_source names its sources for people. Then write import_sources, COPY the legacy records into import_rows, and call unify_import. Returns run_id.';

REVOKE ALL ON FUNCTION ttfd.start_import(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.start_import(text) TO ttfd_admin;

-- sql/functions/import/undo_import.sql
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

-- sql/functions/import/unify_import.sql
-- Each step is a set-based function of its own; this is their order. A dry run does everything, keeps the report and
-- throws the rest away, so that it cannot say anything but what the real run will do.
CREATE OR REPLACE FUNCTION ttfd.unify_import(
  p_run_id bigint, p_dry_run boolean DEFAULT false, p_link_by_username boolean DEFAULT true)
RETURNS TABLE (
  run_id bigint, status text, rows bigint, rejected bigint, accounts bigint, users_created bigint, users_joined bigint,
  linked_by_id bigint, linked_by_username bigint, conflicts bigint, report jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET work_mem = '256MB'
SET jit = off
SET default_statistics_target = 20
AS $$
DECLARE
  v_report jsonb;
  v_users_created bigint;
BEGIN
  PERFORM require_loading_import(p_run_id);
  PERFORM set_config('ttfd.update_kind', 'import', true);
  BEGIN
    -- Every step meets tables that were empty a moment ago: without fresh statistics its plan may be quadratic.
    ANALYZE import_rows, import_sources;
    PERFORM judge_import(p_run_id);
    ANALYZE import_accounts;
    PERFORM reject_import_rows(p_run_id);
    ANALYZE import_repeated;
    PERFORM refuse_same_sources(p_run_id);
    PERFORM collect_import_links(p_run_id);
    ANALYZE import_links;
    PERFORM group_import_accounts(p_run_id, p_link_by_username);
    PERFORM apply_import_policy(p_run_id);
    PERFORM measure_import(p_run_id);
    ANALYZE import_grants;
    PERFORM note_import_changes(p_run_id);
    v_users_created := create_import_members(p_run_id);
    PERFORM grant_import(p_run_id);
    PERFORM recall_import_settlements(p_run_id);
    SELECT r.report INTO v_report FROM report_import(p_run_id, v_users_created) r;
    UPDATE import_runs r SET status = 'unified', finished_at = clock_timestamp(), report = v_report WHERE r.id = p_run_id;
    v_report := v_report || jsonb_build_object('joins', list_import_joins(p_run_id));
    PERFORM clear_import(p_run_id);
    IF p_dry_run THEN
      RAISE EXCEPTION 'dry run' USING ERRCODE = 'TI999';
    END IF;
  EXCEPTION
    WHEN SQLSTATE 'TI999' THEN NULL;
  END;
  IF v_users_created > 10000 AND NOT p_dry_run THEN
    -- Whoever asks next, verify_integrity above all, asks of tables that were much smaller a moment ago.
    ANALYZE unified_users, platform_accounts, xp_standings, import_balances, cross_platform_events_pending;
  END IF;
  PERFORM set_config('ttfd.update_kind', '', true);
  RETURN QUERY
  SELECT p_run_id, CASE WHEN p_dry_run THEN 'dry_run' ELSE 'unified' END, c.rows, c.rejected, c.accounts,
         c.users_created, c.users_joined, c.linked_by_id, c.linked_by_username, c.conflicts, v_report
    FROM jsonb_to_record(v_report -> 'counts') AS c (
           rows bigint, rejected bigint, accounts bigint, users_created bigint, users_joined bigint,
           linked_by_id bigint, linked_by_username bigint, conflicts bigint);
END;
$$;

COMMENT ON FUNCTION ttfd.unify_import(bigint, boolean, boolean) IS
  'Makes the records of a run members: refuses sources that are the same rows, rejects bad records, matches accounts by id and, if asked, by unambiguous username, and adds what is new as ledger events opening_balance. A dry run changes nothing and reports the same. Returns run_id, status (unified, dry_run), rows, rejected, accounts, users_created, users_joined (members who existed before), linked_by_id, linked_by_username, conflicts, report (sources, counts, conflicts, rejected, overlaps, joins, totals_before, totals_after). Raises TI001 when two sources hold the same rows, 55000 when the run is finished.';

REVOKE ALL ON FUNCTION ttfd.unify_import(bigint, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.unify_import(bigint, boolean, boolean) TO ttfd_admin;

RESET ROLE;
