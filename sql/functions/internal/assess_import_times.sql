-- Asked millions of times: one look at the usual forms of all three, with days up to the 28th, which exist in every month.
-- All else is left to explain_import_time.
CREATE OR REPLACE FUNCTION ttfd.assess_import_times(p_last_daily text, p_created_at text, p_last_active text)
RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT CASE
           WHEN pg_catalog.strpos(pg_catalog.concat(p_last_daily, p_created_at, p_last_active), '|') > 0
             OR pg_catalog.concat(p_last_daily, '|', p_created_at, '|', p_last_active, '|')
                !~ '^(((19[7-9]\d|20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])([T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.]\d{1,6})?)?)?[|])*$'
           THEN coalesce(ttfd.explain_import_time('last_daily', p_last_daily),
                         ttfd.explain_import_time('created_at', p_created_at),
                         ttfd.explain_import_time('last_active', p_last_active))
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_import_times(text, text, text) IS
  'Why one of the times of a legacy record cannot be imported, or NULL when each is missing, empty or ISO 8601.';
