CREATE OR REPLACE FUNCTION ttfd.start_of_window(p_seconds integer, p_at timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.to_timestamp(
           pg_catalog.floor(extract(epoch FROM p_at)::double precision / p_seconds) * p_seconds);
$$;

COMMENT ON FUNCTION ttfd.start_of_window(integer, timestamptz) IS
  'Start of the clock-aligned window (UTC) of the given length in seconds that holds the time; NULL without a length.';
