-- Positions have no gaps and commit in order, so a consumer that keeps the last one misses nothing and sees nothing twice.
CREATE OR REPLACE FUNCTION ttfd.read_feed(p_after bigint, p_types text[] DEFAULT NULL, p_limit integer DEFAULT 100)
RETURNS TABLE (
  "position" bigint, event_id uuid, user_id bigint, event_type text, source_platform text, data jsonb, xp bigint,
  coins bigint, note text, occurred_at timestamptz, processed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT e.position, e.id, e.user_id, e.event_type, e.source_platform, e.data, e.xp, e.coins, e.note, e.occurred_at,
         e.processed_at
    FROM cross_platform_events_processed e
   WHERE e.position > coalesce(p_after, 0)
     AND (p_types IS NULL OR e.event_type = ANY (p_types))
   ORDER BY e.position
   LIMIT least(greatest(p_limit, 0), 10000);
$$;

COMMENT ON FUNCTION ttfd.read_feed(bigint, text[], integer) IS
  'Applied events after a feed position, in feed order, at most 10,000; p_types limits them to some types. Returns position, event_id, user_id, event_type, source_platform, data, xp, coins, note, occurred_at, processed_at. user_id 0 stands for the community: season_started, season_closed.';

REVOKE ALL ON FUNCTION ttfd.read_feed(bigint, text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.read_feed(bigint, text[], integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;
