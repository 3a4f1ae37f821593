-- Asked millions of times: one look at the usual forms, with days up to the 28th, which exist in every month. All else is left
-- to explain_import_time.
CREATE OR REPLACE FUNCTION ttfd.assess_import_time(p_name text, p_value text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN p_value IS NULL
             OR p_value ~ '^(19[7-9]\d|20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])([T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.]\d{1,6})?)?$'
           THEN NULL
           ELSE ttfd.explain_import_time(p_name, p_value)
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_import_time(text, text) IS
  'Why a legacy time cannot be imported, or NULL when it is missing, empty or ISO 8601.';
