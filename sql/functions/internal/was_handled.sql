CREATE OR REPLACE FUNCTION ttfd.was_handled(p_event_id uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM ttfd.cross_platform_events_processed WHERE id = p_event_id)
      OR EXISTS (SELECT 1 FROM ttfd.failed_events WHERE id = p_event_id)
      OR EXISTS (SELECT 1 FROM ttfd.compacted_events WHERE id = p_event_id);
END;
$$;

COMMENT ON FUNCTION ttfd.was_handled(uuid) IS 'Whether an event has left the queue: applied, compacted since, or failed.';
