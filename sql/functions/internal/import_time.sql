CREATE OR REPLACE FUNCTION ttfd.import_time(p_value text, p_time_zone text)
RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN p_value IS NULL OR p_value = '' THEN NULL
              WHEN pg_catalog.strpos(pg_catalog.substr(p_value, 12), '+') > 0
                OR pg_catalog.strpos(pg_catalog.substr(p_value, 12), '-') > 0
                OR pg_catalog.right(p_value, 1) = 'Z'
              THEN p_value::timestamptz
              ELSE p_value::timestamp AT TIME ZONE p_time_zone
         END;
$$;

COMMENT ON FUNCTION ttfd.import_time(text, text) IS
  'A legacy time that assess_import_times lets through; one without an offset is taken to be of the time zone.';
