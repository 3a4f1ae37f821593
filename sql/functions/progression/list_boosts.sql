CREATE OR REPLACE FUNCTION ttfd.list_boosts()
RETURNS TABLE (
  boost_id bigint, factor numeric, starts_at timestamptz, ends_at timestamptz, event_types text[], platforms text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT b.id, b.factor, b.starts_at, b.ends_at, b.event_types, b.platforms
    FROM boosts b
   WHERE b.user_id IS NULL AND b.ends_at > ttfd.current_time()
   ORDER BY b.starts_at, b.id;
$$;

COMMENT ON FUNCTION ttfd.list_boosts() IS
  'Multipliers for the whole community that hold or are to come. Returns boost_id, factor, starts_at, ends_at, event_types, platforms (NULL for all).';

REVOKE ALL ON FUNCTION ttfd.list_boosts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_boosts() TO ttfd_admin;
