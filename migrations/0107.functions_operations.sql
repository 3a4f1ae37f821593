-- Generated from sql/functions/operations by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/operations/get_metrics.sql
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

-- sql/functions/operations/get_stats.sql
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

-- sql/functions/operations/list_audit.sql
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

-- sql/functions/operations/purge_expired.sql
-- A slice at a time, and never a row that somebody is using, so that it holds up nobody. What must stay for the record stays:
-- the ledger, the audit log, the ids of events, and that a merge was.
CREATE OR REPLACE FUNCTION ttfd.purge_expired()
RETURNS TABLE (kind text, removed bigint, remaining boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET jit = off
AS $$
DECLARE
  v_limit CONSTANT integer := 10000;
BEGIN
  RETURN QUERY
  SELECT p.kind, p.removed, p.removed >= v_limit
    FROM purge_judged(v_limit) j
   CROSS JOIN purge_linking(v_limit) l
   CROSS JOIN purge_logins(v_limit) w
   CROSS JOIN LATERAL (VALUES
           ('award_windows', j.windows),
           ('boosts', j.boosts),
           ('failed_events', purge_discarded(v_limit)),
           ('forgotten_accounts', purge_forgotten()),
           ('import_rows', purge_import_rows(v_limit)),
           ('link_codes', l.codes),
           ('link_failures', l.failures),
           ('login_links', w.links),
           ('merge_journals', purge_merge_journal(v_limit)),
           ('transfer_days', purge_transfer_days(v_limit)),
           ('website_sessions', w.sessions)) p (kind, removed);
END;
$$;

COMMENT ON FUNCTION ttfd.purge_expired() IS
  'Removes what has served its time, up to 10,000 rows of each kind. How long each is kept is a setting (keep_..._days); forgotten accounts, login links and sessions of the website go when they have expired, a login link not within the hour in which it counts. Returns kind (award_windows, boosts, failed_events, forgotten_accounts, import_rows, link_codes, link_failures, login_links, merge_journals, transfer_days, website_sessions), removed, remaining (whether there may be more to remove): a row per kind, always.';

REVOKE ALL ON FUNCTION ttfd.purge_expired() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.purge_expired() TO ttfd_worker, ttfd_admin;

-- sql/functions/operations/renew_epoch.sql
-- After a restore, positions are given anew that consumers know as others. The epoch tells them. A worker calls this whenever
-- it connects, before it gives a position. What waited when the backup was made was applied in the original, too, and told by
-- its consumers: it is applied here, in the same transaction, so that it lies before the head from which they go on.
CREATE OR REPLACE FUNCTION ttfd.renew_epoch(p_is_forced boolean DEFAULT false)
RETURNS TABLE (epoch uuid, is_new boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_origin text := database_origin();
  v_known text;
BEGIN
  IF p_is_forced AND NOT is_admin() THEN
    RAISE EXCEPTION 'only an administrator may force a new epoch' USING ERRCODE = 'insufficient_privilege',
      HINT = 'Without force, a restored database is noticed by itself.';
  END IF;
  PERFORM 1 FROM feed_head FOR UPDATE;
  SELECT o.origin INTO v_known FROM epoch_origin o;
  is_new := p_is_forced OR coalesce(v_origin <> v_known, false);
  IF is_new OR v_known IS NULL THEN
    UPDATE epoch_origin SET origin = v_origin;
  END IF;
  IF is_new THEN
    WHILE (SELECT p.remaining FROM process_events(100000) p) LOOP
      NULL;
    END LOOP;
    UPDATE feed_head SET epoch = gen_random_uuid();
    PERFORM audit('epoch_renewed', jsonb_build_object('origin', v_known), jsonb_build_object('origin', v_origin));
    PERFORM pg_notify('ttfd_feed', '');
  END IF;
  epoch := (SELECT h.epoch FROM feed_head h);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.renew_epoch(boolean) IS
  'Gives the feed a new epoch if this database was restored from a backup, or if an administrator forces it: every consumer then goes on from the present head. Applies what waits first, all of it. Returns epoch, is_new. Raises 42501 when somebody else forces it. A new one is audited. Notifies ttfd_feed of a new one. Needs READ COMMITTED (0A000).';

REVOKE ALL ON FUNCTION ttfd.renew_epoch(boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.renew_epoch(boolean) TO ttfd_worker, ttfd_admin;

-- sql/functions/operations/sum_grants.sql
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

-- sql/functions/operations/take_lead.sql
-- The lock is the session's: it is free the moment a worker's connection is gone, however it went. Whoever has it may still be
-- stuck behind a network that swallows its packets, so that the others help out where events have waited for long. That is
-- always safe: process_events takes one caller at a time.
CREATE OR REPLACE FUNCTION ttfd.take_lead()
RETURNS TABLE (leads boolean, helps boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  leads := pg_try_advisory_lock(hashtextextended('ttfd worker', 0));
  helps := NOT leads AND EXISTS (SELECT 1 FROM cross_platform_events_pending e
                                  WHERE e.created_at < clock_timestamp() - INTERVAL '5 seconds');
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.take_lead() IS
  'Makes the caller the one worker that works, for as long as its session lives; call it again only while it is not. Needs a direct connection. Returns leads, helps (whether a worker that does not lead should work all the same, because events have waited for 5 seconds).';

REVOKE ALL ON FUNCTION ttfd.take_lead() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.take_lead() TO ttfd_worker, ttfd_admin;

-- sql/functions/operations/verify_imports.sql
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

-- sql/functions/operations/verify_integrity.sql
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

RESET ROLE;
