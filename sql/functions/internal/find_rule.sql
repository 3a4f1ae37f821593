CREATE OR REPLACE FUNCTION ttfd.find_rule(p_event_type text, p_at timestamptz)
RETURNS ttfd.event_type_versions
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT v
            FROM ttfd.event_type_versions v
           WHERE v.name = p_event_type AND v.valid_from <= p_at AND v.valid_to > p_at);
END;
$$;

COMMENT ON FUNCTION ttfd.find_rule(text, timestamptz) IS
  'The rule of an event type that held at a time; all NULL when there was none.';
