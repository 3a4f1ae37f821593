CREATE OR REPLACE FUNCTION ttfd.sum_grants(p_after bigint)
RETURNS TABLE (
  "position" bigint, event_type text, source_platform text, events bigint, xp_granted bigint, xp_taken bigint,
  coins_granted bigint, coins_taken bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  WITH fresh AS MATERIALIZED (
    SELECT e.position, e.event_type, e.source_platform, e.xp, e.coins
      FROM cross_platform_events_processed e
     WHERE e.position > coalesce(p_after, 0)
     ORDER BY e.position
     LIMIT 100000
  )
  SELECT (SELECT max(f.position) FROM fresh f), f.event_type, f.source_platform, count(*),
         sum(greatest(f.xp, 0))::bigint, sum(greatest(-f.xp, 0))::bigint,
         sum(greatest(f.coins, 0))::bigint, sum(greatest(-f.coins, 0))::bigint
    FROM fresh f
   GROUP BY f.event_type, f.source_platform;
$$;

COMMENT ON FUNCTION ttfd.sum_grants(bigint) IS
  'What the next 100,000 events of the feed after a position have granted, for a monitor that counts on from there. Returns position (up to which it counts), event_type, source_platform, events, xp_granted, xp_taken, coins_granted, coins_taken: a row per type and platform, none when nothing is new.';

REVOKE ALL ON FUNCTION ttfd.sum_grants(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.sum_grants(bigint) TO ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;
