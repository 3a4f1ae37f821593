CREATE OR REPLACE FUNCTION ttfd.assess_import_amount(p_name text, p_value jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN p_value IS NULL OR p_value = 'null' THEN NULL
           WHEN pg_catalog.jsonb_typeof(p_value) = 'number' OR (p_value #>> '{}') ~ '^-?[0-9]{1,30}$' THEN
             CASE
               WHEN (p_value #>> '{}')::numeric < 0 THEN p_name || ' is negative: ' || pg_catalog.left(p_value #>> '{}', 40)
               WHEN (p_value #>> '{}')::numeric > 1000000000000000 THEN p_name || ' is too large: ' || pg_catalog.left(p_value #>> '{}', 40)
             END
           ELSE p_name || ' is not a number: ' || pg_catalog.left(p_value::text, 40)
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_import_amount(text, jsonb) IS
  'Why a legacy amount cannot be imported, or NULL when it is missing, null or a number from 0 to 10^15.';
