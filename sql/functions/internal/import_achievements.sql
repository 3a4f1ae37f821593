CREATE OR REPLACE FUNCTION ttfd.import_achievements(p_value jsonb)
RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
  SELECT coalesce(array_agg(DISTINCT e.name ORDER BY e.name), '{}')
    FROM (SELECT pg_catalog.jsonb_array_elements_text(p_value) AS name WHERE pg_catalog.jsonb_typeof(p_value) = 'array'
           UNION ALL
          SELECT pg_catalog.jsonb_object_keys(p_value) WHERE pg_catalog.jsonb_typeof(p_value) = 'object') e
   WHERE e.name IS NOT NULL;
$$;

COMMENT ON FUNCTION ttfd.import_achievements(jsonb) IS 'The names in a legacy list of achievements, or the keys of an object.';
