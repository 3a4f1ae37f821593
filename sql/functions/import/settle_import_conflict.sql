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
