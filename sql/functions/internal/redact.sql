CREATE OR REPLACE FUNCTION ttfd.redact(p_value jsonb, p_names text[])
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  RETURN CASE jsonb_typeof(p_value)
    WHEN 'object' THEN
      (SELECT coalesce(jsonb_object_agg(e.key, ttfd.redact(e.value, p_names)), '{}') FROM jsonb_each(p_value) e)
    WHEN 'array' THEN
      (SELECT coalesce(jsonb_agg(ttfd.redact(e.value, p_names) ORDER BY e.place), '[]')
         FROM jsonb_array_elements(p_value) WITH ORDINALITY e (value, place))
    WHEN 'string' THEN
      CASE WHEN EXISTS (SELECT 1 FROM unnest(p_names) n (name) WHERE strpos(lower(p_value #>> '{}'), lower(n.name)) > 0)
           THEN '"[forgotten]"' ELSE p_value END
    ELSE p_value
  END;
END;
$$;

COMMENT ON FUNCTION ttfd.redact(jsonb, text[]) IS 'A JSON value in which every text that contains one of the names is replaced.';
