CREATE OR REPLACE FUNCTION ttfd.get_stats()
RETURNS TABLE (
  users bigint, accounts bigint, linked_users bigint, total_xp numeric, total_coins numeric, head bigint, pending bigint,
  failed bigint, lag_seconds double precision, last_processed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT u.users, (SELECT count(*) FROM platform_accounts), u.linked_users, u.total_xp, u.total_coins, s.head, s.pending,
         (SELECT count(*) FROM failed_events f WHERE f.discarded_at IS NULL),
         coalesce((SELECT extract(epoch FROM clock_timestamp() - e.created_at)::double precision
                     FROM cross_platform_events_pending e ORDER BY e.seq LIMIT 1), 0),
         (SELECT e.processed_at FROM cross_platform_events_processed e ORDER BY e.position DESC LIMIT 1)
    FROM feed_state() s
   CROSS JOIN (SELECT count(*) AS users, count(*) FILTER (WHERE cardinality(m.platforms) > 1) AS linked_users,
                      coalesce(sum(m.xp), 0) AS total_xp, coalesce(sum(m.coins), 0) AS total_coins
                 FROM unified_users m
                WHERE m.merged_into IS NULL AND m.forgotten_at IS NULL) u;
$$;

COMMENT ON FUNCTION ttfd.get_stats() IS
  'The community and the queue in one row. Returns users, accounts, linked_users (on two platforms or more), total_xp, total_coins, head (feed), pending, failed (events), lag_seconds (age of the oldest pending event), last_processed_at.';

REVOKE ALL ON FUNCTION ttfd.get_stats() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_stats() TO ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;
