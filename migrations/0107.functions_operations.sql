-- Generated from sql/functions/operations by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

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

CREATE OR REPLACE FUNCTION ttfd.list_audit(p_before bigint DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (
  audit_id bigint, at timestamptz, actor text, role text, on_behalf_of bigint, action text, before jsonb, after jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT l.id, l.at, l.actor, l.role, l.on_behalf_of, l.action, l.before, l.after
    FROM audit_log l
   WHERE l.id < coalesce(p_before, 9223372036854775807)
   ORDER BY l.id DESC
   LIMIT least(greatest(p_limit, 0), 1000);
$$;

COMMENT ON FUNCTION ttfd.list_audit(bigint, integer) IS
  'Who changed what, newest first. Returns audit_id, at, actor (login), role, on_behalf_of (a member, see act_for_session), action, before, after; give the audit_id of the last row as p_before for the next page (at most 1,000 rows).';

REVOKE ALL ON FUNCTION ttfd.list_audit(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_audit(bigint, integer) TO ttfd_admin;

-- Members are compared as they are now: a merged one stands for the survivor.
CREATE OR REPLACE FUNCTION ttfd.verify_imports()
RETURNS TABLE (
  kind text, origin text, user_id bigint, expected_xp bigint, actual_xp bigint, expected_coins bigint, actual_coins bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
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

-- The proof that nothing was lost or made up. It reads everything: seconds on a large community, so not for a page.
CREATE OR REPLACE FUNCTION ttfd.verify_integrity()
RETURNS TABLE (kind text, user_id bigint, expected text, actual text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  WITH ledger AS (
    SELECT e.user_id, sum(e.xp) AS xp, sum(e.coins) AS coins
      FROM cross_platform_events e
     WHERE e.xp IS NOT NULL
     GROUP BY e.user_id
  ), balances AS (
    SELECT coalesce(u.id, l.user_id) AS user_id, u.id IS NULL AS is_orphan,
           coalesce(l.xp, 0) AS ledger_xp, coalesce(l.coins, 0) AS ledger_coins, u.xp, u.coins
      FROM unified_users u
      FULL JOIN ledger l ON l.user_id = u.id
  )
  SELECT 'xp', b.user_id, b.ledger_xp::text, b.xp::text FROM balances b WHERE NOT b.is_orphan AND b.xp <> b.ledger_xp
  UNION ALL
  SELECT 'coins', b.user_id, b.ledger_coins::text, b.coins::text
    FROM balances b WHERE NOT b.is_orphan AND b.coins <> b.ledger_coins
  UNION ALL
  SELECT 'orphan_events', b.user_id, 'a user', NULL FROM balances b WHERE b.is_orphan AND b.user_id <> 0
  UNION ALL
  SELECT 'rank', u.id, r.id::text, u.rank_id::text
    FROM unified_users u CROSS JOIN LATERAL find_rank(u.xp) r
   WHERE (r.id, r.rank_xp, r.next_rank_xp) IS DISTINCT FROM (u.rank_id, u.rank_xp, u.next_rank_xp)
      OR u.highest_rank_id < u.rank_id
  UNION ALL
  SELECT 'accounts', u.id, p::text, (u.id, u.telegram_id, u.discord_id, u.website_email, u.platforms,
                                     u.primary_platform, u.username, u.display_name)::text
    FROM unified_users u
    JOIN projected_accounts(ARRAY(SELECT id FROM unified_users)) p ON p.user_id = u.id
   WHERE (p.telegram_id, p.discord_id, p.website_email, p.platforms, p.primary_platform, p.username, p.display_name)
         IS DISTINCT FROM
         (u.telegram_id, u.discord_id, u.website_email, u.platforms, u.primary_platform, u.username, u.display_name)
  UNION ALL
  SELECT 'no_account', u.id, 'an account', NULL
    FROM unified_users u
   WHERE u.merged_into IS NULL AND u.forgotten_at IS NULL AND NOT EXISTS (SELECT 1 FROM platform_accounts a WHERE a.user_id = u.id)
  UNION ALL
  SELECT 'forgotten', u.id, 'no account', a.platform
    FROM unified_users u JOIN platform_accounts a ON a.user_id = u.id
   WHERE u.forgotten_at IS NOT NULL
  UNION ALL
  SELECT 'merged_twice', u.id, 'a survivor', u.merged_into::text
    FROM unified_users u JOIN unified_users s ON s.id = u.merged_into
   WHERE s.merged_into IS NOT NULL
  UNION ALL
  SELECT 'merged_balance', u.id, '(0,0)', (u.xp, u.coins)::text
    FROM unified_users u
   WHERE u.merged_into IS NOT NULL AND (u.xp, u.coins) <> (0, 0)
  UNION ALL
  SELECT 'merged_account', a.user_id, 'the survivor', a.platform
    FROM platform_accounts a JOIN unified_users u ON u.id = a.user_id
   WHERE u.merged_into IS NOT NULL
  UNION ALL
  -- By origin, not by member: accounts move, and later differences follow them.
  SELECT 'import', NULL, (b.xp, b.coins)::text, (e.xp, e.coins)::text
    FROM (SELECT i.origin, sum(i.xp) AS xp, sum(i.coins) AS coins FROM import_balances i GROUP BY i.origin) b
    FULL JOIN (SELECT o.source_platform, sum(o.xp) AS xp, sum(o.coins) AS coins
                 FROM cross_platform_events o
                WHERE o.event_type = 'opening_balance' AND o.source_platform <> 'system'
                GROUP BY o.source_platform) e ON e.source_platform = b.origin
   WHERE (coalesce(b.xp, 0), coalesce(b.coins, 0)) <> (coalesce(e.xp, 0), coalesce(e.coins, 0))
  UNION ALL
  SELECT 'achievements', k.user_id, k.achievement, NULL
    FROM user_achievements k
    JOIN unified_users u ON u.id = k.user_id
   WHERE u.merged_into IS NULL AND k.achievement <> ALL (u.achievements)
  UNION ALL
  SELECT 'standing', coalesce(u.id, s.user_id), (u.xp, u.xp_since)::text, (-s.minus_xp, s.since)::text
    FROM (SELECT l.id, l.xp, l.xp_since FROM unified_users l WHERE l.is_listed) u
    FULL JOIN xp_standings s ON s.user_id = u.id
   WHERE (u.id, u.xp, u.xp_since) IS DISTINCT FROM (s.user_id, -s.minus_xp, s.since)
  UNION ALL
  SELECT 'count', NULL, format('%s with xp >> %s = %s', coalesce(n.members, 0), coalesce(n.shift, c.shift), coalesce(n.bucket, c.bucket)),
         coalesce(c.members, 0)::text
    FROM (SELECT l.shift, u.xp >> l.shift AS bucket, count(*) AS members
            FROM unified_users u CROSS JOIN generate_series(0, 60, 6) l (shift)
           WHERE u.is_listed
           GROUP BY l.shift, u.xp >> l.shift) n
    FULL JOIN (SELECT a.shift, a.bucket, sum(a.members) AS members
                 FROM (SELECT 6 * (k.node & 15)::integer AS shift, (k.node >> 4 << 6) + b.branch - 1 AS bucket,
                              b.members - coalesce(k.members[b.branch + 1], 0) AS members
                         FROM xp_counts k CROSS JOIN unnest(k.members) WITH ORDINALITY b (members, branch)
                        UNION ALL
                       SELECT l.shift, m.xp >> l.shift, m.members
                         FROM xp_moves m CROSS JOIN generate_series(0, 60, 6) l (shift)) a
                GROUP BY a.shift, a.bucket) c ON c.shift = n.shift AND c.bucket = n.bucket
   WHERE coalesce(n.members, 0) <> coalesce(c.members, 0)
  UNION ALL
  SELECT 'event_twice', q.user_id, 'one row', q.id::text
    FROM cross_platform_events_pending q
   WHERE was_handled(q.id)
  UNION ALL
  SELECT 'feed', NULL, (h.position - h.compacted_to)::text || ' rows, last ' || h.position, f.rows || ' rows, last ' || f.last
    FROM feed_head h
   CROSS JOIN LATERAL (
           SELECT count(*) AS rows, coalesce(max(e.position), h.compacted_to) AS last
             FROM cross_platform_events_processed e
            WHERE e.position > h.compacted_to) f
   WHERE f.rows <> h.position - h.compacted_to OR f.last <> h.position;
$$;

COMMENT ON FUNCTION ttfd.verify_integrity() IS
  'Checks what must always be true: balances equal the event log, ranks follow XP, members show their accounts and have one, forgotten ones none, merged users have none and nothing and lead straight to a survivor, opening balances equal what was imported, the leaderboard by XP and its counts equal the members, unlocked achievements are shown, no event is there twice, the feed has no gap. Returns kind, user_id, expected, actual: a row per violation, none when sound.';

REVOKE ALL ON FUNCTION ttfd.verify_integrity() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.verify_integrity() TO ttfd_worker, ttfd_admin, ttfd_reader;

RESET ROLE;
