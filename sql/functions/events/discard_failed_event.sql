-- The row stays, so that its id stays known and a resend does not bring it back.
CREATE OR REPLACE FUNCTION ttfd.discard_failed_event(p_event_id uuid, p_reason text)
RETURNS TABLE (event_id uuid, discarded_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF coalesce(btrim(p_reason), '') = '' THEN
    RAISE EXCEPTION 'a reason is required' USING ERRCODE = 'invalid_parameter_value', HINT = 'Whoever asks later wants to know.';
  END IF;
  UPDATE failed_events f
     SET discarded_at = ttfd.current_time(), discard_reason = p_reason
   WHERE f.id = p_event_id AND f.discarded_at IS NULL
  RETURNING f.id, f.discarded_at INTO event_id, discarded_at;
  IF NOT FOUND THEN
    PERFORM raise_not_failed(p_event_id);
  END IF;
  PERFORM audit('failed_event_discarded', NULL, jsonb_build_object('event_id', p_event_id, 'reason', p_reason));
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.discard_failed_event(uuid, text) IS
  'Decides that an event that could not be applied never will be. Returns event_id, discarded_at. Raises 22023 without a reason, P0002 when no such event has failed. Audited.';

REVOKE ALL ON FUNCTION ttfd.discard_failed_event(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.discard_failed_event(uuid, text) TO ttfd_admin;
