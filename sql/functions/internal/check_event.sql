-- A resend is answered with the first outcome, whatever the rules say by now.
CREATE OR REPLACE FUNCTION ttfd.check_event(
  p_event_id uuid, p_event_type text, p_rule ttfd.event_type_versions, p_data jsonb, p_occurred_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_error text := ttfd.assess_sent_event(p_event_id, p_rule, p_data, p_occurred_at);
BEGIN
  IF v_error IS NOT NULL AND NOT ttfd.is_known_event(p_event_id) THEN
    PERFORM ttfd.raise_event_error(v_error, p_event_id, p_event_type);
  END IF;
  RETURN v_error IS NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.check_event(uuid, text, ttfd.event_type_versions, jsonb, timestamptz) IS
  'Refuses an event that its type does not allow; false for one that was sent before. Raises TE001, TE003, 22003, 22004, 22008, 22023, 54000.';
