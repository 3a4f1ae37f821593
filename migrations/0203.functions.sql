-- Generated from sql/ by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/internal/projected_accounts.sql
-- From here on it is as in sql/.
-- Names are those of the primary platform, else of the account that was linked first and has one. Sorted once for all of them.
CREATE OR REPLACE FUNCTION ttfd.projected_accounts(p_user_ids bigint[])
RETURNS TABLE (user_id bigint, telegram_id text, discord_id text, website_email text, platforms text[],
               primary_platform text, username text, display_name text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT o.user_id,
         max(o.external_id) FILTER (WHERE o.platform = 'telegram'),
         max(o.external_id) FILTER (WHERE o.platform = 'discord'),
         max(o.external_id) FILTER (WHERE o.platform = 'website'),
         coalesce(array_agg(o.platform ORDER BY o.platform) FILTER (WHERE o.platform IS NOT NULL), '{}'),
         (array_agg(o.platform))[1],
         (array_agg(o.username) FILTER (WHERE o.username IS NOT NULL))[1],
         (array_agg(o.display_name) FILTER (WHERE o.display_name IS NOT NULL))[1]
    FROM (SELECT u.id AS user_id, a.platform, a.external_id, a.username, a.display_name
            FROM ttfd.unified_users u
            LEFT JOIN ttfd.platform_accounts a ON a.user_id = u.id
           WHERE u.id = ANY (p_user_ids)
           ORDER BY u.id, a.platform = u.primary_platform DESC, a.linked_at, a.platform) o
   GROUP BY o.user_id;
$$;

COMMENT ON FUNCTION ttfd.projected_accounts(bigint[]) IS 'What unified_users has to show of the accounts of the given users.';
-- Up to here it is as in sql/.

-- sql/functions/internal/report_import.sql
-- From here on it is as in sql/.
-- A table with a setting, which is neither inlined nor stopped after a row: so the other processors help to read.
CREATE OR REPLACE FUNCTION ttfd.report_import(p_run_id bigint, p_users_created bigint)
RETURNS TABLE (report jsonb)
LANGUAGE sql STABLE
SET jit = off
AS $$
  WITH records AS (
    SELECT r.source, count(*) AS rows, count(r.reject_reason) AS rejected
      FROM ttfd.import_rows r
     WHERE r.run_id = p_run_id
     GROUP BY r.source
  ), amounts AS (
    SELECT i.source, sum(i.xp) AS xp, sum(i.coins) AS coins, sum(i.messages_sent) AS messages_sent,
           sum(i.total_voice_time) AS total_voice_time
      FROM ttfd.import_accounts i
     WHERE i.run_id = p_run_id
     GROUP BY i.source
  ), owners AS (
    -- A record is an account, unless others are about the same.
    SELECT d.source, sum(d.accounts) AS accounts
      FROM (SELECT i.source, count(*) AS accounts
              FROM ttfd.import_accounts i
              LEFT JOIN ttfd.import_repeated m USING (run_id, platform, external_id)
             WHERE i.run_id = p_run_id AND m.run_id IS NULL
             GROUP BY i.source
             UNION ALL
            SELECT i.source, count(DISTINCT (i.platform, i.external_id))
              FROM ttfd.import_accounts i
              JOIN ttfd.import_repeated m USING (run_id, platform, external_id)
             WHERE i.run_id = p_run_id
             GROUP BY i.source) d
     GROUP BY d.source
  ), held AS MATERIALIZED (
    SELECT a.source, b.run_id = p_run_id AS is_gain, sum(b.xp) AS xp, sum(b.coins) AS coins,
           sum(b.messages_sent) AS messages_sent, sum(b.total_voice_time) AS total_voice_time
      FROM ttfd.import_accounts a
      JOIN ttfd.import_balances b USING (platform, external_id, origin, part)
     WHERE a.run_id = p_run_id
     GROUP BY 1, 2
  ), sources AS (
    SELECT s.source, s.origin, coalesce(r.rows, 0) AS rows, coalesce(r.rejected, 0) AS rejected,
           coalesce(o.accounts, 0) AS accounts
      FROM ttfd.import_sources s
      LEFT JOIN records r USING (source)
      LEFT JOIN owners o USING (source)
     WHERE s.run_id = p_run_id
  ), numbered AS MATERIALIZED (
    SELECT p.name AS platform, 1::bigint << (row_number() OVER (ORDER BY p.name))::integer AS bit FROM ttfd.platforms p
  ), links AS (
    SELECT count(*) FILTER (WHERE l.kind = 'id') AS by_id, count(*) FILTER (WHERE l.kind = 'username') AS by_username
      FROM ttfd.import_links l
     WHERE l.run_id = p_run_id AND l.is_new AND NOT l.is_refused
  )
  SELECT jsonb_build_object(
    'sources', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
               'source', s.source, 'origin', s.origin, 'rows', s.rows, 'accepted', s.rows - s.rejected,
               'rejected', s.rejected, 'accounts', s.accounts,
               'xp', coalesce(a.xp, 0), 'coins', coalesce(a.coins, 0),
               'messages_sent', coalesce(a.messages_sent, 0), 'total_voice_time', coalesce(a.total_voice_time, 0),
               'granted_xp', coalesce(g.xp, 0), 'granted_coins', coalesce(g.coins, 0),
               'granted_messages_sent', coalesce(g.messages_sent, 0),
               'granted_total_voice_time', coalesce(g.total_voice_time, 0)) ORDER BY s.source), '[]')
        FROM sources s
        LEFT JOIN amounts a USING (source)
        LEFT JOIN held g ON g.source = s.source AND g.is_gain),
    'counts', jsonb_build_object(
      'rows', (SELECT coalesce(sum(s.rows), 0) FROM sources s),
      'rejected', (SELECT coalesce(sum(s.rejected), 0) FROM sources s),
      'accounts', (SELECT count(*) FROM ttfd.import_identities i WHERE i.run_id = p_run_id AND i.row_id IS NOT NULL),
      'users_created', p_users_created,
      'users_joined', (SELECT count(DISTINCT g.user_id) - p_users_created
                         FROM ttfd.import_grants g WHERE g.run_id = p_run_id),
      'linked_by_id', (SELECT l.by_id FROM links l),
      'linked_by_username', (SELECT l.by_username FROM links l),
      'conflicts', (SELECT count(*) FROM ttfd.import_conflicts c WHERE c.run_id = p_run_id)),
    'conflicts', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
               'reason', c.reason, 'source', c.source, 'source_key', c.source_key, 'platform', c.platform,
               'external_id', c.external_id, 'username', c.username, 'candidates', c.candidates)
               ORDER BY c.source, c.source_key, c.reason), '[]')
        FROM ttfd.import_conflicts c
       WHERE c.run_id = p_run_id),
    'rejected', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
               'source', r.source, 'source_key', r.source_key, 'reason', r.reject_reason) ORDER BY r.id), '[]')
        FROM ttfd.import_rows r
       WHERE r.run_id = p_run_id AND r.reject_reason IS NOT NULL),
    -- How many persons are on which platforms, as this run knows them.
    'overlaps', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('platforms', o.platforms, 'persons', o.persons)
                                ORDER BY o.persons DESC, o.platforms), '[]')
        FROM (SELECT (SELECT array_agg(n.platform ORDER BY n.platform) FROM numbered n WHERE n.bit & p.platforms <> 0) AS platforms,
                     count(*) AS persons
                FROM (SELECT bit_or(n.bit) AS platforms
                        FROM ttfd.import_identities i
                        JOIN numbered n USING (platform)
                       WHERE i.run_id = p_run_id
                       GROUP BY i.person
                      HAVING count(i.row_id) > 0) p
               GROUP BY p.platforms) o),
    'totals_before', (
      SELECT jsonb_build_object(
               'xp', coalesce(sum(a.xp), 0), 'coins', coalesce(sum(a.coins), 0),
               'messages_sent', coalesce(sum(a.messages_sent), 0),
               'total_voice_time', coalesce(sum(a.total_voice_time), 0))
        FROM amounts a),
    'totals_after', (
      SELECT jsonb_build_object(
               'xp', coalesce(sum(b.xp), 0), 'coins', coalesce(sum(b.coins), 0),
               'messages_sent', coalesce(sum(b.messages_sent), 0),
               'total_voice_time', coalesce(sum(b.total_voice_time), 0))
        FROM held b));
$$;

COMMENT ON FUNCTION ttfd.report_import(bigint, bigint) IS
  'What a run has done, as JSON: sources, counts, conflicts, rejected, overlaps, totals_before (accepted records) and totals_after (what the ledger holds of these accounts).';
-- Up to here it is as in sql/.

-- sql/functions/events/confirm_announcements.sql
-- From here on it is as in sql/.
CREATE OR REPLACE FUNCTION ttfd.confirm_announcements(p_platform text, p_reader uuid, p_position bigint)
RETURNS TABLE (is_confirmed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM require_platform(p_platform);
  UPDATE announcement_cursors c
     SET position = greatest(c.position, p_position), leased_until = ttfd.current_time() + INTERVAL '2 minutes'
   WHERE c.platform = p_platform AND c.reader = p_reader
     AND p_position <= (SELECT h.position FROM feed_head h);
  is_confirmed := FOUND;
  DELETE FROM postponed_announcements a WHERE is_confirmed AND a.platform = p_platform AND a.position = p_position;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint) IS
  'Says that everything up to a position from take_announcements was told (or postponed: see postpone_announcement); call it after each. Who is killed in between tells that one again: at least once. Returns is_confirmed: false when another process has taken over, which tells the rest. Raises TP001.';

-- (kept) REVOKE ALL ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint) FROM PUBLIC;
-- (kept) GRANT EXECUTE ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint)
-- (kept)   TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
-- Up to here it is as in sql/.

-- sql/functions/events/postpone_announcement.sql
-- Counts failures and not hours: who calls this has seen another one arrive, so an outage, however long, uses up nothing.
-- The first time it is due at once, because the platform may have come back just after it was tried.
CREATE OR REPLACE FUNCTION ttfd.postpone_announcement(p_platform text, p_reader uuid, p_position bigint)
RETURNS TABLE (is_confirmed boolean, is_given_up boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_failures integer;
BEGIN
  PERFORM require_platform(p_platform);
  SELECT coalesce(max(a.failures), 0) + 1 INTO v_failures
    FROM postponed_announcements a
   WHERE a.platform = p_platform AND a.position = p_position;
  is_confirmed := (SELECT c.is_confirmed FROM confirm_announcements(p_platform, p_reader, p_position) c);
  is_given_up := is_confirmed AND v_failures >= 12;
  IF is_confirmed AND NOT is_given_up THEN
    INSERT INTO postponed_announcements (platform, position, epoch, failures, due_at)
    SELECT c.platform, p_position, c.epoch, v_failures,
           ttfd.current_time() + INTERVAL '1 minute' * (2 ^ (v_failures - 1) - 1)
      FROM announcement_cursors c
     WHERE c.platform = p_platform;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.postpone_announcement(text, uuid, bigint) IS
  'Says of one from take_announcements that the platform did not take it, but took another afterwards; call it in feed order, before that other is confirmed, because it confirms as confirm_announcements does. take_announcements gives it again at once, then after 1, 3, 7 ... 1023 minutes, each twice the one before and a minute; after 12 failures, a day and a half, it is given up. Returns is_confirmed (false when another process has taken over, which tells the rest), is_given_up. Raises TP001.';

REVOKE ALL ON FUNCTION ttfd.postpone_announcement(text, uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.postpone_announcement(text, uuid, bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/events/take_announcements.sql
-- From here on it is as in sql/.
-- The position is kept here and not in the bot, so that a restart neither repeats nor forgets. Most events are announced
-- to nobody: the loop passes over them a slice at a time, for a second at most, and the cursor keeps what it has passed.
-- What was postponed lies before the cursor, and is judged anew: by now nobody may want to hear it.
CREATE OR REPLACE FUNCTION ttfd.take_announcements(p_platform text, p_reader uuid, p_limit integer DEFAULT 20)
RETURNS TABLE (
  "position" bigint, event_id uuid, event_type text, user_id bigint, external_id text, display_name text, language text,
  audience text, data jsonb, xp bigint, coins bigint, occurred_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_cursor announcement_cursors;
  v_position bigint;
  v_head bigint;
  v_until bigint;
  v_limit integer := least(greatest(p_limit, 1), 1000);
  v_give_up_at timestamptz := clock_timestamp() + INTERVAL '1 second';
BEGIN
  PERFORM require_platform(p_platform);
  v_cursor := lease_announcements(p_platform, p_reader);
  IF v_cursor.platform IS NULL THEN
    RETURN;
  END IF;
  v_position := v_cursor.position;
  SELECT greatest(h.position, v_position) INTO v_head FROM feed_head h;
  DELETE FROM postponed_announcements a
   WHERE a.platform = p_platform
     AND (a.epoch <> v_cursor.epoch
          OR a.due_at <= ttfd.current_time()
             AND NOT EXISTS (SELECT 1 FROM list_announceable(p_platform, a.position - 1, a.position, 1)));
  LOOP
    v_until := least(v_position + 20000, v_head);
    RETURN QUERY
    SELECT e.position, e.id, e.event_type, l.user_id, l.external_id, coalesce(u.display_name, u.username),
           CASE WHEN l.external_id IS NOT NULL THEN (SELECT g.language FROM get_preferences(p_platform, l.external_id) g) END,
           l.audience, e.data || coalesce(announcement_details(e.event_type, e.data), '{}'), e.xp, e.coins, e.occurred_at
      FROM (SELECT again.*
              FROM postponed_announcements a
             CROSS JOIN LATERAL list_announceable(p_platform, a.position - 1, a.position, 1) again
             WHERE a.platform = p_platform AND a.due_at <= ttfd.current_time()
             UNION ALL
            SELECT * FROM list_announceable(p_platform, v_position, v_until, v_limit)) l
      JOIN cross_platform_events_processed e ON e.position = l.position
      LEFT JOIN unified_users u ON u.id = l.user_id
     ORDER BY e.position
     LIMIT v_limit;
    EXIT WHEN FOUND;
    v_position := v_until;
    EXIT WHEN v_position >= v_head OR clock_timestamp() >= v_give_up_at;
  END LOOP;
  UPDATE announcement_cursors c SET position = v_position WHERE c.platform = p_platform;
END;
$$;

COMMENT ON FUNCTION ttfd.take_announcements(text, uuid, integer) IS
  'What the bot of a platform is to tell next, in feed order: rank_up, achievement_unlock, season_reward (where it paid), account_linked, account_unlinked, accounts_merged, merge_undone to the member, season_closed to the community. p_reader is an id that the process has chosen for itself: another one gets nothing for two minutes, so that each is told once per platform. The first reading begins at the present head. Returns position, event_id, event_type, user_id (0 for the community), external_id (NULL for the community), display_name, language, audience (private: the member alone; public: the community), data (with rank_name, titles or winner_names added), xp, coins, occurred_at. Of what is older than 15 minutes only the last of each kind for each member is told, privately, and nothing after 7 days; what concerns accounts, and who is off the leaderboards, is always private; whoever has chosen off is told what concerns accounts and nothing else. The same rows come again until confirm_announcements, or for a while until postpone_announcement. Raises TP001.';

-- (kept) REVOKE ALL ON FUNCTION ttfd.take_announcements(text, uuid, integer) FROM PUBLIC;
-- (kept) GRANT EXECUTE ON FUNCTION ttfd.take_announcements(text, uuid, integer)
-- (kept)   TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
-- Up to here it is as in sql/.

RESET ROLE;
