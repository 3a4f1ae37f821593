-- For a monitor that asks every few seconds, so nothing here reads a whole table but the queue. get_stats counts exactly.
CREATE OR REPLACE FUNCTION ttfd.get_metrics()
RETURNS TABLE (
  head bigint, pending bigint, lag_seconds double precision, failed bigint, idle_seconds double precision, members bigint,
  is_restored boolean, has_leader boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT s.head, s.pending,
         coalesce((SELECT extract(epoch FROM clock_timestamp() - min(e.created_at))::double precision
                     FROM cross_platform_events_pending e), 0),
         (SELECT count(*) FROM failed_events f WHERE f.discarded_at IS NULL),
         (SELECT extract(epoch FROM clock_timestamp() - e.processed_at)::double precision
            FROM cross_platform_events_processed e ORDER BY e.position DESC LIMIT 1),
         (SELECT greatest(c.reltuples, 0)::bigint FROM pg_catalog.pg_class c WHERE c.oid = 'ttfd.unified_users'::regclass),
         coalesce((SELECT o.origin <> database_origin() FROM epoch_origin o), false),
         EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
                    AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('ttfd worker', 0))
    FROM feed_state() s;
$$;

COMMENT ON FUNCTION ttfd.get_metrics() IS
  'What a monitor watches. Returns head (of the feed), pending, lag_seconds (age of the oldest pending event), failed (events that nobody has looked after), idle_seconds (since the last event was applied; NULL when none was), members (an estimate), is_restored (whether this is a restored backup whose feed still has the old epoch: see renew_epoch), has_leader (whether a worker is there).';

REVOKE ALL ON FUNCTION ttfd.get_metrics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_metrics() TO ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;
