CREATE OR REPLACE FUNCTION ttfd.parse_events(p_events jsonb)
RETURNS SETOF ttfd.sent_event
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF jsonb_typeof(p_events) IS DISTINCT FROM 'array' THEN
    RAISE EXCEPTION 'p_events has to be a JSON array'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Its elements are objects with event_id, platform, external_id, event_type, data and, if known, occurred_at.';
  END IF;
  RETURN QUERY
  SELECT e.ordinal, e.event_id, e.platform,
         CASE WHEN p.folds_case THEN lower(e.external_id) ELSE e.external_id END,
         e.event_type, coalesce(e.data, '{}'), e.occurred_at
    FROM ROWS FROM (jsonb_to_recordset(p_events) AS (
           event_id uuid, platform text, external_id text, event_type text, data jsonb, occurred_at timestamptz))
         WITH ORDINALITY e (event_id, platform, external_id, event_type, data, occurred_at, ordinal)
    LEFT JOIN ttfd.platforms p ON p.name = e.platform;
END;
$$;

COMMENT ON FUNCTION ttfd.parse_events(jsonb) IS 'The elements of a JSON array of events. Raises 22023, 22P02, 22007.';
