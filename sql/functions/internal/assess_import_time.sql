CREATE OR REPLACE FUNCTION ttfd.assess_import_time(p_name text, p_value jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN p_value IS NULL OR p_value IN ('null', '""') THEN NULL
           WHEN pg_catalog.jsonb_typeof(p_value) = 'string'
             AND (p_value #>> '{}') ~ ('^(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
                   || '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?( ?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?))?)?$')
             AND pg_catalog.substr(p_value #>> '{}', 9, 2)::integer
                 <= extract(day FROM pg_catalog.make_date(pg_catalog.substr(p_value #>> '{}', 1, 4)::integer,
                                                          pg_catalog.substr(p_value #>> '{}', 6, 2)::integer, 1)
                                     + INTERVAL '1 month - 1 day')
           THEN NULL
           ELSE p_name || ' is no time stamp: ' || pg_catalog.left(p_value::text, 40)
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_import_time(text, jsonb) IS
  'Why a legacy time cannot be imported, or NULL when it is missing, null, empty or ISO 8601.';
