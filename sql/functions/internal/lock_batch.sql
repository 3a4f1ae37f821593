-- Whose events were granted already need no lock, and would wait for the whole batch: only those are locked to whom something is
-- to be granted, or whose achievements are looked at (p_applied: the types of events after which apply_event has looked itself).
-- Hardly ever is somebody of a batch merged or unknown, so nobody is looked up before they are locked. Where it turns out
-- otherwise, the locks have to be let go, because survivors may have lower ids; the next try looks first.
CREATE OR REPLACE FUNCTION ttfd.lock_batch(
  p_rows tid[], p_applied text[], p_looks_first boolean,
  OUT user_ids bigint[], OUT has_strangers boolean, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_sent_for bigint[];
  v_locked bigint;
  v_is_stale boolean;
BEGIN
  SELECT coalesce(array_agg(DISTINCT p.user_id)
                    FILTER (WHERE p.xp IS NULL OR p.source_platform = 'system' OR p.event_type <> ALL (p_applied)), '{}'),
         min(p.occurred_at)
    INTO v_sent_for, oldest
    FROM ttfd.cross_platform_events_pending p
   WHERE p.ctid = ANY (p_rows) AND p.user_id <> 0;
  user_ids := v_sent_for;
  IF p_looks_first THEN
    SELECT array_agg(DISTINCT coalesce(m.merged_into, m.id)) INTO user_ids
      FROM ttfd.unified_users m
     WHERE m.id = ANY (v_sent_for);
  END IF;
  SELECT count(*), coalesce(bool_or(l.merged_into IS NOT NULL), false) INTO v_locked, v_is_stale
    FROM (SELECT u.merged_into FROM ttfd.unified_users u WHERE u.id = ANY (user_ids) ORDER BY u.id FOR NO KEY UPDATE) l;
  has_strangers := v_is_stale OR v_locked <> cardinality(v_sent_for) OR p_looks_first;
  -- Who was merged while we waited leads to a survivor who is not locked; so does a merge that was undone.
  IF p_looks_first AND NOT v_is_stale THEN
    v_is_stale := EXISTS (
      SELECT 1 FROM ttfd.unified_users m WHERE m.id = ANY (v_sent_for) AND coalesce(m.merged_into, m.id) <> ALL (user_ids));
  END IF;
  IF v_is_stale OR (has_strangers AND NOT p_looks_first) THEN
    RAISE EXCEPTION 'a member is merged or unknown' USING ERRCODE = 'serialization_failure';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_batch(tid[], text[], boolean) IS
  'Locks the members whom the pending events at the given places concern, in ascending id. Returns user_ids, has_strangers (whether some of the events are of members who are merged or unknown) and oldest (when the first of them happened). Raises 40001 when it has to look again, and look first.';
