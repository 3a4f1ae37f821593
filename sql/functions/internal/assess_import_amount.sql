-- Asked millions of times: what plainly is a number is let through without a look at the rest.
CREATE OR REPLACE FUNCTION ttfd.assess_import_amount(p_name text, p_value text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN p_value IS NULL
             OR pg_catalog.translate(p_value, '0123456789', '') = '' AND pg_catalog.length(p_value) BETWEEN 1 AND 15
           THEN NULL
           WHEN p_value !~ '^-?[0-9]+([.][0-9]+)?$' OR pg_catalog.length(p_value) > 1000
           THEN p_name || ' is not a number: ' || pg_catalog.left(p_value, 40)
           WHEN p_value::numeric < 0 THEN p_name || ' is negative: ' || pg_catalog.left(p_value, 40)
           WHEN p_value::numeric > 1000000000000000 THEN p_name || ' is too large: ' || pg_catalog.left(p_value, 40)
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_import_amount(text, text) IS
  'Why a legacy amount cannot be imported, or NULL when it is missing or a number from 0 to 10^15.';
