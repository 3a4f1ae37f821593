CREATE OR REPLACE FUNCTION ttfd.import_time(p_value text, p_time_zone text, p_is_usual boolean)
RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN p_is_usual THEN nullif(p_value, '')::timestamp AT TIME ZONE p_time_zone
              WHEN p_value = '' THEN NULL
              WHEN pg_catalog.strpos(pg_catalog.substr(p_value, 12), '+') > 0
                OR pg_catalog.strpos(pg_catalog.substr(p_value, 12), '-') > 0
                OR pg_catalog.right(p_value, 1) = 'Z'
              THEN p_value::timestamptz
              ELSE p_value::timestamp AT TIME ZONE p_time_zone
         END;
$$;

COMMENT ON FUNCTION ttfd.import_time(text, text, boolean) IS
  'A legacy time that are_usual_import_times knows, or explain_import_time lets through; one without an offset is taken to be of the time zone.';
