CREATE OR REPLACE FUNCTION ttfd.add_boost(
  p_factor numeric, p_starts_at timestamptz, p_ends_at timestamptz, p_event_types text[] DEFAULT NULL, p_platforms text[] DEFAULT NULL)
RETURNS TABLE (boost_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  INSERT INTO boosts (factor, starts_at, ends_at, event_types, platforms)
  VALUES (p_factor, coalesce(p_starts_at, ttfd.current_time()), p_ends_at, p_event_types, p_platforms)
  RETURNING id INTO boost_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.add_boost(numeric, timestamptz, timestamptz, text[], text[]) IS
  'Multiplies what events of the whole community earn for a time (from now on without p_starts_at), all or some types and platforms. Returns boost_id. Raises 23514 for a factor or a time that is not allowed, 23502. Audited.';

REVOKE ALL ON FUNCTION ttfd.add_boost(numeric, timestamptz, timestamptz, text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.add_boost(numeric, timestamptz, timestamptz, text[], text[]) TO ttfd_admin;
