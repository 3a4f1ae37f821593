-- Asked millions of times: the usual forms are recognised by the places of their digits, and days up to the 28th exist in
-- every month. All else is left to explain_import_time.
CREATE OR REPLACE FUNCTION ttfd.assess_import_time(p_name text, p_value text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN p_value IS NULL
             OR pg_catalog.left(pg_catalog.translate(p_value, ' 123456789', 'T000000000'), 19)
                IN ('0000-00-00', '0000-00-00T00:00:00')
                AND (pg_catalog.length(p_value) <= 19
                     OR pg_catalog.translate(pg_catalog.substr(p_value, 20), '0123456789', '') = '.'
                        AND pg_catalog.substr(p_value, 20, 1) = '.' AND pg_catalog.length(p_value) BETWEEN 21 AND 26)
                AND pg_catalog.substr(p_value, 1, 4) BETWEEN '1970' AND '2099'
                AND pg_catalog.substr(p_value, 6, 2) BETWEEN '01' AND '12'
                AND pg_catalog.substr(p_value, 9, 2) BETWEEN '01' AND '28'
                AND pg_catalog.substr(p_value, 12, 2) <= '23'
                AND pg_catalog.substr(p_value, 15, 2) <= '59'
                AND pg_catalog.substr(p_value, 18, 2) <= '59'
           THEN NULL
           ELSE ttfd.explain_import_time(p_name, p_value)
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_import_time(text, text) IS
  'Why a legacy time cannot be imported, or NULL when it is missing, empty or ISO 8601.';
