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
    PERFORM note_import_changes(p_run_id);
    ANALYZE import_changes;
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
  IF (v_report -> 'counts' ->> 'accounts')::bigint > 1000 AND NOT p_dry_run THEN
    -- Whoever asks next, verify_integrity above all, asks of tables that were other ones a moment ago.
    ANALYZE unified_users, platform_accounts, xp_standings, import_balances, import_changes, cross_platform_events_pending;
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
