-- Members are compared as they are now: a merged one stands for the survivor.
CREATE OR REPLACE FUNCTION ttfd.verify_imports()
RETURNS TABLE (
  kind text, origin text, user_id bigint, expected_xp bigint, actual_xp bigint, expected_coins bigint, actual_coins bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET work_mem = '128MB'
SET jit = off
AS $$
  WITH booked AS (
    SELECT e.source_platform AS origin, e.user_id, sum(e.xp) AS xp, sum(e.coins) AS coins
      FROM cross_platform_events e
     WHERE e.event_type = 'opening_balance' AND e.source_platform <> 'system'
     GROUP BY e.source_platform, e.user_id
  ), reported AS (
    SELECT s.origin, s.granted_xp AS xp, s.granted_coins AS coins
      FROM import_runs r
     CROSS JOIN LATERAL jsonb_to_recordset(r.report -> 'sources') s (origin text, granted_xp numeric, granted_coins numeric)
     WHERE r.status = 'unified'
     UNION ALL
    SELECT b.origin, b.xp, b.coins
      FROM import_balances b
      JOIN import_runs r ON r.id = b.run_id AND r.status = 'undone'
  ), sources AS (
    SELECT coalesce(r.origin, b.origin) AS origin, coalesce(r.xp, 0) AS expected_xp, coalesce(b.xp, 0) AS actual_xp,
           coalesce(r.coins, 0) AS expected_coins, coalesce(b.coins, 0) AS actual_coins
      FROM (SELECT o.origin, sum(o.xp) AS xp, sum(o.coins) AS coins FROM reported o GROUP BY o.origin) r
      FULL JOIN (SELECT o.origin, sum(o.xp) AS xp, sum(o.coins) AS coins FROM booked o GROUP BY o.origin) b USING (origin)
  ), people AS (
    SELECT t.origin, coalesce(u.merged_into, t.user_id) AS user_id, sum(t.given_xp) AS given_xp, sum(t.xp) AS xp,
           sum(t.given_coins) AS given_coins, sum(t.coins) AS coins
      FROM (SELECT b.origin, b.user_id, b.xp AS given_xp, 0 AS xp, b.coins AS given_coins, 0 AS coins FROM import_balances b
             UNION ALL
            SELECT b.origin, b.user_id, 0, b.xp, 0, b.coins FROM booked b) t
      LEFT JOIN unified_users u ON u.id = t.user_id
     GROUP BY 1, 2
  )
  SELECT 'source', s.origin, NULL::bigint, s.expected_xp::bigint, s.actual_xp::bigint, s.expected_coins::bigint,
         s.actual_coins::bigint
    FROM sources s
   UNION ALL
  SELECT 'user', p.origin, p.user_id, p.given_xp::bigint, p.xp::bigint, p.given_coins::bigint, p.coins::bigint
    FROM people p
   WHERE (p.given_xp, p.given_coins) <> (p.xp, p.coins)
   ORDER BY 1, 2, 3;
$$;

COMMENT ON FUNCTION ttfd.verify_imports() IS
  'Compares what was imported with the ledger. Returns kind (source: a row for each origin; user: a row for each member who differs), origin, user_id, expected_xp and expected_coins (what the imports gave), actual_xp and actual_coins (what the event log has of it).';

REVOKE ALL ON FUNCTION ttfd.verify_imports() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.verify_imports() TO ttfd_worker, ttfd_admin, ttfd_reader;
