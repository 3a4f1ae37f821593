-- Asked millions of times: one look at all three, with days up to the 28th, which exist in every month.
CREATE OR REPLACE FUNCTION ttfd.are_usual_import_times(p_last_daily text, p_created_at text, p_last_active text)
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT pg_catalog.strpos(pg_catalog.concat(p_last_daily, p_created_at, p_last_active), '|') = 0
         AND pg_catalog.concat_ws('|', p_last_daily, p_created_at, p_last_active)
             ~ '^(((19[7-9]\d|20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])([T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.]\d{1,6})?)?)?([|]|$))*$';
$$;

COMMENT ON FUNCTION ttfd.are_usual_import_times(text, text, text) IS
  'Whether each time of a legacy record is missing, empty, or ISO 8601 in the form that nearly all have, without an offset. Of others explain_import_time knows.';
