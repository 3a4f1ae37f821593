CREATE OR REPLACE FUNCTION ttfd.import_achievements(p_value jsonb)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  RETURN CASE jsonb_typeof(p_value)
           WHEN 'array' THEN ARRAY(SELECT DISTINCT e.name FROM jsonb_array_elements_text(p_value) e (name)
                                    WHERE e.name IS NOT NULL ORDER BY e.name)
           WHEN 'object' THEN ARRAY(SELECT k.name FROM jsonb_object_keys(p_value) k (name) ORDER BY k.name)
           ELSE '{}'
         END;
END;
$$;

COMMENT ON FUNCTION ttfd.import_achievements(jsonb) IS 'The names in a legacy list of achievements, or the keys of an object, in order.';
