-- insert_event for a set: the same key, the same second look.
CREATE OR REPLACE FUNCTION ttfd.insert_events(p_events ttfd.sent_event[])
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_inserted uuid[];
  v_known uuid[];
BEGIN
  WITH inserted AS (
    INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, occurred_at)
    SELECT s.event_id, a.user_id, s.event_type, s.platform, s.data, coalesce(s.occurred_at, ttfd.current_time())
      FROM unnest(p_events) s
      JOIN ttfd.platform_accounts a ON a.platform = s.platform AND a.external_id = s.external_id
     ORDER BY s.ordinal
    ON CONFLICT (id, processed) DO NOTHING
    RETURNING id
  )
  SELECT coalesce(array_agg(id), '{}') INTO v_inserted FROM inserted;
  v_known := ARRAY(SELECT i FROM unnest(v_inserted) i WHERE ttfd.was_handled(i));
  IF cardinality(v_known) = 0 THEN
    RETURN v_inserted;
  END IF;
  DELETE FROM ttfd.cross_platform_events_pending WHERE id = ANY (v_known);
  RETURN ARRAY(SELECT i FROM unnest(v_inserted) i WHERE i <> ALL (v_known));
END;
$$;

COMMENT ON FUNCTION ttfd.insert_events(ttfd.sent_event[]) IS
  'Puts events into the queue. Returns the ids that are new; for the others nothing is left.';
