CREATE OR REPLACE FUNCTION ttfd.start_of_window(p_seconds integer, p_at timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.date_bin(pg_catalog.make_interval(secs => p_seconds), p_at, TIMESTAMPTZ '1970-01-01 00:00:00+00');
$$;

COMMENT ON FUNCTION ttfd.start_of_window(integer, timestamptz) IS
  'Start of the clock-aligned window (UTC) of the given length in seconds that holds the time; NULL without a length.';
