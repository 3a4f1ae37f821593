CREATE OR REPLACE FUNCTION ttfd.find_outcome(
  p_event_id uuid, p_user_id bigint, p_event_type text, p_platform text, p_data jsonb, p_occurred_at timestamptz)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_first record;
  v_outcome ttfd.event_outcome;
BEGIN
  SELECT k.* INTO v_first
    FROM (SELECT e.id, e.user_id, e.event_type, e.source_platform, e.data, e.occurred_at, e.xp, e.coins, e.note, e.rank_id
            FROM ttfd.cross_platform_events e
           WHERE e.id = p_event_id
           UNION ALL
          SELECT f.id, f.user_id, f.event_type, f.source_platform, f.data, f.occurred_at, 0, 0, 'failed', NULL
            FROM ttfd.failed_events f
           WHERE f.id = p_event_id) k
   LIMIT 1;
  IF NOT FOUND THEN
    -- Compacted: all that is known of it is that it was applied.
    SELECT p_event_id, u.id, 'duplicate', NULL, NULL, 'compacted', u.xp, u.coins, u.rank_id, false INTO v_outcome
      FROM ttfd.unified_users u
     WHERE u.id = p_user_id;
    RETURN v_outcome;
  END IF;
  IF (v_first.event_type, v_first.source_platform, v_first.data) IS DISTINCT FROM (p_event_type, p_platform, p_data)
     OR p_user_id IS DISTINCT FROM (SELECT coalesce(u.merged_into, u.id) FROM ttfd.unified_users u WHERE u.id = v_first.user_id)
     OR p_occurred_at <> v_first.occurred_at THEN
    PERFORM ttfd.raise_event_error('TE002', p_event_id, p_event_type);
  END IF;
  SELECT v_first.id, u.id, 'duplicate', v_first.xp, v_first.coins, v_first.note, u.xp, u.coins, u.rank_id,
         v_first.rank_id IS NOT NULL
    INTO v_outcome
    FROM ttfd.unified_users u
   WHERE u.id = p_user_id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.find_outcome(uuid, bigint, text, text, jsonb, timestamptz) IS
  'The outcome of an event that was sent before; note is failed where it could not be applied, compacted where nothing more is known. Raises TE002 when its content differs.';
