CREATE OR REPLACE FUNCTION ttfd.explain_import_time(p_name text, p_value text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  IF p_value = '' THEN
    RETURN NULL;
  END IF;
  IF p_value ~ ('^(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
                || '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?( ?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?))?)?$')
    AND substr(p_value, 9, 2)::integer
        <= extract(day FROM make_date(substr(p_value, 1, 4)::integer, substr(p_value, 6, 2)::integer, 1)
                            + INTERVAL '1 month - 1 day')
  THEN
    RETURN NULL;
  END IF;
  RETURN p_name || ' is no time stamp: ' || left(p_value, 40);
END;
$$;

COMMENT ON FUNCTION ttfd.explain_import_time(text, text) IS
  'What is wrong with a legacy time, or NULL when it is missing, empty or ISO 8601.';
