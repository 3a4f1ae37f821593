-- The proof that nothing was lost or made up. It reads everything: seconds on a large community, so not for a page.
CREATE OR REPLACE FUNCTION ttfd.verify_integrity()
RETURNS TABLE (kind text, user_id bigint, expected text, actual text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET work_mem = '128MB'
SET jit = off
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
  ), doubtful AS (
    -- Most members have one account, and show it.
    SELECT DISTINCT u.id AS user_id
      FROM unified_users u
      LEFT JOIN platform_accounts a ON a.user_id = u.id
     WHERE (u.platforms, u.primary_platform, u.username, u.display_name, coalesce(u.telegram_id, u.discord_id, u.website_email),
            num_nonnulls(u.telegram_id, u.discord_id, u.website_email))
           IS DISTINCT FROM
           (ARRAY[a.platform], a.platform, a.username, a.display_name, a.external_id, 1)
        OR a.platform NOT IN ('telegram', 'discord', 'website')
  )
  SELECT 'xp', b.user_id, b.ledger_xp::text, b.xp::text FROM balances b WHERE NOT b.is_orphan AND b.xp <> b.ledger_xp
  UNION ALL
  SELECT 'coins', b.user_id, b.ledger_coins::text, b.coins::text
    FROM balances b WHERE NOT b.is_orphan AND b.coins <> b.ledger_coins
  UNION ALL
  SELECT 'orphan_events', b.user_id, 'a user', NULL FROM balances b WHERE b.is_orphan AND b.user_id <> 0
  UNION ALL
  SELECT 'rank', u.id, r.id::text, u.rank_id::text
    FROM unified_users u
    LEFT JOIN list_rank_ranges() k ON (k.id, k.rank_xp) = (u.rank_id, u.rank_xp)
   CROSS JOIN LATERAL find_rank(u.xp) r
   WHERE (k.rank_xp <= u.xp AND u.xp < coalesce(k.next_rank_xp, u.xp + 1) AND k.next_rank_xp IS NOT DISTINCT FROM u.next_rank_xp
          AND u.rank_id <= u.highest_rank_id) IS NOT TRUE
  UNION ALL
  SELECT 'accounts', u.id, p::text, (u.id, u.telegram_id, u.discord_id, u.website_email, u.platforms,
                                     u.primary_platform, u.username, u.display_name)::text
    FROM unified_users u
    JOIN projected_accounts(ARRAY(SELECT d.user_id FROM doubtful d)) p ON p.user_id = u.id
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
  SELECT 'standing', s.user_id, s.expected, s.actual FROM verify_standings() s
  UNION ALL
  SELECT 'count', NULL, c.expected, c.actual FROM verify_counts() c
  UNION ALL
  SELECT 'event_twice', q.user_id, 'one row', q.id::text
    FROM cross_platform_events_pending q
    JOIN (SELECT e.id FROM cross_platform_events_processed e
           UNION ALL
          SELECT f.id FROM failed_events f
           UNION ALL
          SELECT k.id FROM compacted_events k) h USING (id)
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
  'Checks what must always be true: balances equal the event log, ranks follow XP, members show their accounts and have one, forgotten ones none, merged users have none and nothing and lead straight to a survivor, opening balances equal what was imported, leaderboards and their counts equal the members, unlocked achievements are shown, no event is there twice, the feed has no gap. Returns kind, user_id, expected, actual: a row per violation, none when sound.';

REVOKE ALL ON FUNCTION ttfd.verify_integrity() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.verify_integrity() TO ttfd_worker, ttfd_admin, ttfd_reader;
