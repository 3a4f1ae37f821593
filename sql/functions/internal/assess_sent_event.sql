-- What is refused at once, when an event is sent; the batch judges again by the rule of the time.
CREATE OR REPLACE FUNCTION ttfd.assess_sent_event(
  p_event_id uuid, p_rule ttfd.event_type_versions, p_data jsonb, p_occurred_at timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_event_id IS NULL THEN
    RETURN '22004';
  ELSIF p_occurred_at NOT BETWEEN TIMESTAMPTZ '1970-01-01 00:00Z' AND ttfd.current_time() + INTERVAL '5 minutes' THEN
    RETURN '22008';
  ELSIF p_rule.is_enabled IS NOT TRUE THEN
    RETURN 'TE001';
  ELSIF pg_column_size(p_data) > 65536 THEN
    RETURN '54000';
  ELSIF p_rule.is_admin_only AND NOT ttfd.is_admin() THEN
    RETURN 'TE003';
  END IF;
  RETURN (ttfd.assess_single(p_rule, p_data)).error;
END;
$$;

COMMENT ON FUNCTION ttfd.assess_sent_event(uuid, ttfd.event_type_versions, jsonb, timestamptz) IS
  'Why an event that is being sent is refused (an SQLSTATE), or NULL when it is fine.';
