CREATE OR REPLACE FUNCTION ttfd.import_amount(p_value text)
RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_value IS NULL OR p_value = '' THEN 0
              WHEN pg_catalog.strpos(p_value, '.') = 0 THEN p_value::bigint
              ELSE pg_catalog.floor(p_value::numeric)::bigint
         END;
$$;

COMMENT ON FUNCTION ttfd.import_amount(text) IS
  'A legacy amount that assess_import_amount lets through, rounded down; 0 where it is missing.';
