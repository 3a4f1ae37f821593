-- What such an event grants is worked out here, not sent; so a resend is known by what the caller did send, which is a part
-- of data. It is looked for before anything is judged: coins that were spent the first time may be missing by now.
CREATE OR REPLACE FUNCTION ttfd.find_first_outcome(
  p_event_id uuid, p_user_id bigint, p_event_type text, p_platform text, p_request jsonb)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_data jsonb;
BEGIN
  PERFORM ttfd.require_read_committed();
  IF p_event_id IS NULL THEN
    PERFORM ttfd.raise_event_error('22004', p_event_id, p_event_type);
  END IF;
  IF NOT ttfd.is_known_event(p_event_id) THEN
    RETURN NULL;
  END IF;
  SELECT e.data INTO v_data FROM ttfd.cross_platform_events e WHERE e.id = p_event_id;
  RETURN ttfd.find_outcome(p_event_id, p_user_id, p_event_type, p_platform,
                           CASE WHEN v_data @> p_request THEN v_data ELSE p_request END, NULL);
END;
$$;

COMMENT ON FUNCTION ttfd.find_first_outcome(uuid, bigint, text, text, jsonb) IS
  'The outcome of an event that was sent before; NULL when it is new. The user has to be locked. Raises TE002 when its content differs, 22004 without an id, 0A000 under another isolation than READ COMMITTED.';
