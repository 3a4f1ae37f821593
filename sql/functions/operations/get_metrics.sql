-- For a monitor that asks every few seconds, so nothing here reads a whole table but the queue. get_stats counts exactly.
CREATE OR REPLACE FUNCTION ttfd.get_metrics()
RETURNS TABLE (
  head bigint, pending bigint, lag_seconds double precision, failed bigint, idle_seconds double precision, members bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT s.head, s.pending,
         coalesce((SELECT extract(epoch FROM clock_timestamp() - min(e.created_at))::double precision
                     FROM cross_platform_events_pending e), 0),
         (SELECT count(*) FROM failed_events f WHERE f.discarded_at IS NULL),
         (SELECT extract(epoch FROM clock_timestamp() - e.processed_at)::double precision
            FROM cross_platform_events_processed e ORDER BY e.position DESC LIMIT 1),
         (SELECT greatest(c.reltuples, 0)::bigint FROM pg_class c WHERE c.oid = 'ttfd.unified_users'::regclass)
    FROM feed_state() s;
$$;

COMMENT ON FUNCTION ttfd.get_metrics() IS
  'What a monitor watches. Returns head (of the feed), pending, lag_seconds (age of the oldest pending event), failed (events that nobody has looked after), idle_seconds (since the last event was applied; NULL when none was), members (an estimate).';

REVOKE ALL ON FUNCTION ttfd.get_metrics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_metrics() TO ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;
