CREATE OR REPLACE FUNCTION ttfd.is_known_event(p_event_id uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM ttfd.cross_platform_events_pending WHERE id = p_event_id) OR ttfd.was_handled(p_event_id);
END;
$$;

COMMENT ON FUNCTION ttfd.is_known_event(uuid) IS 'Whether an event with this id was sent before.';
