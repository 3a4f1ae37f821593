-- Generated from sql/ by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/internal/measure_import.sql
-- From here on it is as in sql/.
CREATE OR REPLACE FUNCTION ttfd.measure_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH gains AS MATERIALIZED (
    SELECT * FROM ttfd.list_import_gains(p_run_id)
  ), contributed AS (
    INSERT INTO ttfd.import_balances
      (origin, part, platform, external_id, user_id, run_id, xp, coins, games_played, games_won, total_voice_time, messages_sent)
    SELECT g.origin, g.part, g.platform, g.external_id, g.user_id, p_run_id, g.xp, g.coins, g.games_played, g.games_won,
           g.total_voice_time, g.messages_sent
      FROM gains g
     WHERE (g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent) <> (0, 0, 0, 0, 0, 0)
     ORDER BY g.user_id
  ), achieved AS (
    SELECT a.user_id, array_agg(DISTINCT e.name ORDER BY e.name) AS names
      FROM gains a
     CROSS JOIN LATERAL jsonb_array_elements_text(
             CASE jsonb_typeof(a.achievements)
               WHEN 'array' THEN a.achievements
               WHEN 'object' THEN jsonb_path_query_array(a.achievements, '$.keyvalue().key')
               ELSE '[]' END) e (name)
     WHERE a.achievements IS NOT NULL AND e.name IS NOT NULL
     GROUP BY a.user_id
  )
  INSERT INTO ttfd.import_grants
    (run_id, user_id, origin, xp, coins, games_played, games_won, total_voice_time, messages_sent, daily_streak, last_daily,
     achievements, created_at, last_active)
  SELECT p_run_id, g.user_id, g.origin, g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent,
         g.daily_streak, g.last_daily, coalesce(l.names, '{}'), g.created_at, g.last_active
    FROM (SELECT t.user_id, t.origin, ttfd.add_up(t.xp) AS xp, ttfd.add_up(t.coins) AS coins, ttfd.add_up(t.games_played) AS games_played,
                 ttfd.add_up(t.games_won) AS games_won, ttfd.add_up(t.total_voice_time) AS total_voice_time,
                 ttfd.add_up(t.messages_sent) AS messages_sent, max(t.daily_streak) AS daily_streak, max(t.last_daily) AS last_daily,
                 min(t.created_at) AS created_at, max(t.last_active) AS last_active
            FROM gains t
           GROUP BY t.user_id, t.origin) g
    LEFT JOIN achieved l ON l.user_id = g.user_id;
  ANALYZE ttfd.import_grants;

  -- Nobody is put into debt: where the source fell below what it had given, and the member has spent the rest here, the
  -- accounts stay as they are and a person decides.
  WITH indebted AS MATERIALIZED (
    SELECT u.id
      FROM ttfd.import_grants g
      JOIN ttfd.unified_users u ON u.id = g.user_id
     WHERE g.run_id = p_run_id
     GROUP BY u.id
    HAVING u.xp + sum(g.xp) < 0 OR u.coins + sum(g.coins) < 0
        OR u.games_played + sum(g.games_played) < 0 OR u.games_won + sum(g.games_won) < 0
        OR u.total_voice_time + sum(g.total_voice_time) < 0 OR u.messages_sent + sum(g.messages_sent) < 0
  )
  UPDATE ttfd.import_grants t
     SET is_held = true, xp = 0, coins = 0, games_played = 0, games_won = 0, total_voice_time = 0, messages_sent = 0
    FROM indebted s
   WHERE t.run_id = p_run_id AND t.user_id = s.id;
  DELETE FROM ttfd.import_balances b
   WHERE b.run_id = p_run_id
     AND b.user_id IN (SELECT h.user_id FROM ttfd.import_grants h WHERE h.run_id = p_run_id AND h.is_held);

  INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username)
  SELECT p_run_id, 'amount_below_zero', i.source, i.source_key, i.platform, i.external_id, i.username
    FROM ttfd.import_identities i
   WHERE i.run_id = p_run_id AND i.row_id IS NOT NULL
     AND i.person IN (SELECT g.user_id FROM ttfd.import_grants g WHERE g.run_id = p_run_id AND g.is_held);
END;
$$;

COMMENT ON FUNCTION ttfd.measure_import(bigint) IS
  'Fills import_balances and import_grants with what each account and each member has gained since the runs before; those whose balance would fall below zero are held and become conflicts.';
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

-- sql/functions/internal/take_back_import.sql
-- From here on it is as in sql/.
CREATE OR REPLACE FUNCTION ttfd.take_back_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET xp = u.xp - g.xp,
         xp_since = CASE WHEN (c.after ->> 'xp_since')::timestamptz = u.xp_since
                         THEN (c.before ->> 'xp_since')::timestamptz ELSE u.xp_since END,
         coins = u.coins - g.coins,
         games_played = greatest(0, u.games_played - g.games_played),
         games_won = greatest(0, u.games_won - g.games_won),
         total_voice_time = greatest(0, u.total_voice_time - g.total_voice_time),
         messages_sent = greatest(0, u.messages_sent - g.messages_sent),
         highest_rank_id = greatest(r.id, p.rank_id,
           CASE WHEN c.after IS NULL THEN 1
                WHEN u.highest_rank_id = (c.after ->> 'highest_rank_id')::smallint THEN (c.before ->> 'highest_rank_id')::smallint
                ELSE u.highest_rank_id END),
         daily_streak = ttfd.restore_value(c.before, c.after, 'daily_streak', u.daily_streak::text)::integer,
         last_daily = ttfd.restore_value(c.before, c.after, 'last_daily', u.last_daily::text)::date,
         created_at = CASE WHEN (c.after ->> 'created_at')::timestamptz = u.created_at
                           THEN (c.before ->> 'created_at')::timestamptz ELSE u.created_at END,
         last_active = CASE WHEN (c.after ->> 'last_active')::timestamptz = u.last_active
                            THEN (c.before ->> 'last_active')::timestamptz ELSE u.last_active END,
         primary_platform = ttfd.restore_value(c.before, c.after, 'primary_platform', u.primary_platform),
         achievements = CASE WHEN c.after IS NULL
                             THEN ARRAY(SELECT k.achievement FROM ttfd.user_achievements k WHERE k.user_id = u.id ORDER BY 1)
                             WHEN c.after -> 'achievements' = c.before -> 'achievements' THEN u.achievements
                             ELSE ARRAY(SELECT e.name
                                          FROM unnest(u.achievements) WITH ORDINALITY e (name, place)
                                         WHERE c.before -> 'achievements' ? e.name OR NOT c.after -> 'achievements' ? e.name
                                         ORDER BY e.place) END
    FROM ttfd.list_undone_members(p_run_id) m
    LEFT JOIN (SELECT t.user_id, sum(t.xp)::bigint AS xp, sum(t.coins)::bigint AS coins,
                      sum(t.games_played)::bigint AS games_played, sum(t.games_won)::bigint AS games_won,
                      sum(t.total_voice_time)::bigint AS total_voice_time, sum(t.messages_sent)::bigint AS messages_sent
                 FROM ttfd.import_grants t
                WHERE t.run_id = p_run_id
                GROUP BY t.user_id
              ) s ON s.user_id = m.user_id
   CROSS JOIN LATERAL (
           SELECT coalesce(s.xp, 0) AS xp, coalesce(s.coins, 0) AS coins, coalesce(s.games_played, 0) AS games_played,
                  coalesce(s.games_won, 0) AS games_won, coalesce(s.total_voice_time, 0) AS total_voice_time,
                  coalesce(s.messages_sent, 0) AS messages_sent) g
    JOIN ttfd.unified_users o ON o.id = m.user_id
    JOIN ttfd.list_rank_ranges() r ON r.rank_xp <= o.xp - g.xp AND o.xp - g.xp < coalesce(r.next_rank_xp, o.xp - g.xp + 1)
    LEFT JOIN ttfd.import_changes c ON c.run_id = p_run_id AND c.user_id = m.user_id
    LEFT JOIN (SELECT e.user_id, max((e.data ->> 'to_rank_id')::smallint) AS rank_id
                 FROM ttfd.cross_platform_events e
                WHERE e.event_type = 'rank_up'
                GROUP BY e.user_id) p ON p.user_id = m.user_id
   WHERE u.id = m.user_id;

  INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  SELECT ttfd.generate_event_id(), g.user_id, 'opening_balance', g.origin,
         jsonb_build_object('run_id', p_run_id, 'undone', true), -g.xp, -g.coins, ttfd.current_time()
    FROM ttfd.import_grants g
   WHERE g.run_id = p_run_id
     AND (g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent) <> (0, 0, 0, 0, 0, 0)
   ORDER BY g.user_id;

  -- What could not be taken stays contributed, by one of the accounts.
  WITH debts AS MATERIALIZED (
    SELECT g.user_id, g.origin, g.owed_xp, g.owed_coins
      FROM ttfd.import_grants g
     WHERE g.run_id = p_run_id AND (g.owed_xp, g.owed_coins) <> (0, 0)
  ), debtors AS MATERIALIZED (
    SELECT DISTINCT ON (d.user_id, d.origin) b.ctid AS place, d.owed_xp, d.owed_coins
      FROM debts d
      JOIN ttfd.unified_users o ON coalesce(o.merged_into, o.id) = d.user_id
      JOIN ttfd.import_balances b ON b.run_id = p_run_id AND b.user_id = o.id AND b.origin = d.origin
     ORDER BY d.user_id, d.origin, b.platform, b.external_id, b.part
  ), kept AS (
    UPDATE ttfd.import_balances b
       SET xp = d.owed_xp, coins = d.owed_coins, games_played = 0, games_won = 0, total_voice_time = 0, messages_sent = 0
      FROM debtors d
     WHERE b.ctid = d.place
  )
  DELETE FROM ttfd.import_balances b
   USING ttfd.unified_users o
   WHERE b.run_id = p_run_id AND o.id = b.user_id AND o.forgotten_at IS NULL
     AND b.ctid NOT IN (SELECT d.place FROM debtors d);
END;
$$;

COMMENT ON FUNCTION ttfd.take_back_import(bigint) IS
  'Takes back what measure_import_undo found, with events of its own, and restores what the run changed and nobody has changed since.';
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

-- sql/functions/import/undo_import.sql
-- From here on it is as in sql/.
-- The ledger only grows: what a run gave is taken back by events of its own. Members whom it made and who have done nothing
-- since become nobody's rows, as those of forgotten members do, because the feed has told of them.
CREATE OR REPLACE FUNCTION ttfd.undo_import(p_run_id bigint)
RETURNS TABLE (
  run_id bigint, status text, users_removed bigint, users_kept bigint, accounts_removed bigint, xp bigint, coins bigint,
  spent_xp bigint, spent_coins bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET work_mem = '128MB'
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_read_committed();
  PERFORM require_undoable_import(p_run_id);
  PERFORM set_config('ttfd.update_kind', 'import', true);
  -- In the order in which a merge locks, so that neither waits for the other. Whoever was merged before the table was
  -- locked is found only now.
  PERFORM lock_undone_members(p_run_id);
  LOCK TABLE platform_accounts IN SHARE ROW EXCLUSIVE MODE;
  PERFORM lock_undone_members(p_run_id);
  ANALYZE import_balances, import_changes;
  PERFORM measure_import_undo(p_run_id);
  ANALYZE import_grants;
  SELECT coalesce(sum(g.xp), 0), coalesce(sum(g.coins), 0), coalesce(sum(g.owed_xp), 0), coalesce(sum(g.owed_coins), 0),
         (SELECT count(*) FROM list_undone_members(p_run_id))
    INTO xp, coins, spent_xp, spent_coins, users_kept
    FROM import_grants g
   WHERE g.run_id = p_run_id;
  PERFORM take_back_import(p_run_id);
  SELECT r.users, r.accounts INTO users_removed, accounts_removed FROM remove_import_accounts(p_run_id) r;
  DELETE FROM import_changes c WHERE c.run_id = p_run_id;
  DELETE FROM import_grants g WHERE g.run_id = p_run_id;
  UPDATE import_runs r SET status = 'undone', undone_at = ttfd.current_time() WHERE r.id = p_run_id;
  PERFORM set_config('ttfd.update_kind', '', true);
  run_id := p_run_id;
  status := 'undone';
  users_kept := users_kept - users_removed;
  PERFORM audit('import_undone', NULL,
                jsonb_build_object('run_id', p_run_id, 'xp', xp, 'coins', coins, 'spent_xp', spent_xp, 'spent_coins', spent_coins));
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_import(bigint) IS
  'Takes the last import back: amounts, streaks, dates, achievements and accounts are as before it; what members have earned since stays theirs. Members whom it made and who have done nothing since are gone; those who have keep their accounts. Coins and XP that are not there any more are left out, and counted. Returns run_id, status (undone), users_removed, users_kept (members who go on), accounts_removed, xp, coins (taken back), spent_xp, spent_coins (not there any more). Raises 55000 when the run was not unified, or a later one was. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

-- (kept) REVOKE ALL ON FUNCTION ttfd.undo_import(bigint) FROM PUBLIC;
-- (kept) GRANT EXECUTE ON FUNCTION ttfd.undo_import(bigint) TO ttfd_admin;
-- Up to here it is as in sql/.

-- sql/functions/import/unify_import.sql
-- From here on it is as in sql/.
-- Each step is a set-based function of its own; this is their order. A dry run does everything, keeps the report and
-- throws the rest away, so that it cannot say anything but what the real run will do.
CREATE OR REPLACE FUNCTION ttfd.unify_import(
  p_run_id bigint, p_dry_run boolean DEFAULT false, p_link_by_username boolean DEFAULT true)
RETURNS TABLE (
  run_id bigint, status text, rows bigint, rejected bigint, accounts bigint, users_created bigint, users_joined bigint,
  linked_by_id bigint, linked_by_username bigint, conflicts bigint, report jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET work_mem = '256MB'
SET jit = off
SET default_statistics_target = 20
AS $$
DECLARE
  v_report jsonb;
  v_users_created bigint;
BEGIN
  PERFORM require_loading_import(p_run_id);
  PERFORM set_config('ttfd.update_kind', 'import', true);
  BEGIN
    -- Every step meets tables that were empty a moment ago: without fresh statistics its plan may be quadratic.
    ANALYZE import_rows, import_sources;
    PERFORM judge_import(p_run_id);
    ANALYZE import_accounts;
    PERFORM reject_import_rows(p_run_id);
    ANALYZE import_repeated;
    PERFORM refuse_same_sources(p_run_id);
    PERFORM collect_import_links(p_run_id);
    ANALYZE import_links;
    PERFORM group_import_accounts(p_run_id, p_link_by_username);
    PERFORM apply_import_policy(p_run_id);
    PERFORM measure_import(p_run_id);
    PERFORM note_import_changes(p_run_id);
    ANALYZE import_changes;
    v_users_created := create_import_members(p_run_id);
    PERFORM grant_import(p_run_id);
    PERFORM recall_import_settlements(p_run_id);
    SELECT r.report INTO v_report FROM report_import(p_run_id, v_users_created) r;
    UPDATE import_runs r SET status = 'unified', finished_at = clock_timestamp(), report = v_report WHERE r.id = p_run_id;
    v_report := v_report || jsonb_build_object('joins', list_import_joins(p_run_id));
    PERFORM clear_import(p_run_id);
    IF p_dry_run THEN
      RAISE EXCEPTION 'dry run' USING ERRCODE = 'TI999';
    END IF;
  EXCEPTION
    WHEN SQLSTATE 'TI999' THEN NULL;
  END;
  IF (v_report -> 'counts' ->> 'accounts')::bigint > 1000 AND NOT p_dry_run THEN
    -- Whoever asks next, verify_integrity above all, asks of tables that were other ones a moment ago.
    ANALYZE unified_users, platform_accounts, xp_standings, import_balances, import_changes, cross_platform_events_pending;
  END IF;
  PERFORM set_config('ttfd.update_kind', '', true);
  RETURN QUERY
  SELECT p_run_id, CASE WHEN p_dry_run THEN 'dry_run' ELSE 'unified' END, c.rows, c.rejected, c.accounts,
         c.users_created, c.users_joined, c.linked_by_id, c.linked_by_username, c.conflicts, v_report
    FROM jsonb_to_record(v_report -> 'counts') AS c (
           rows bigint, rejected bigint, accounts bigint, users_created bigint, users_joined bigint,
           linked_by_id bigint, linked_by_username bigint, conflicts bigint);
END;
$$;

COMMENT ON FUNCTION ttfd.unify_import(bigint, boolean, boolean) IS
  'Makes the records of a run members: refuses sources that are the same rows, rejects bad records, matches accounts by id and, if asked, by unambiguous username, and adds what is new as ledger events opening_balance. A dry run changes nothing and reports the same. Returns run_id, status (unified, dry_run), rows, rejected, accounts, users_created, users_joined (members who existed before), linked_by_id, linked_by_username, conflicts, report (sources, counts, conflicts, rejected, overlaps, joins, totals_before, totals_after). Raises TI001 when two sources hold the same rows, 55000 when the run is finished.';

-- (kept) REVOKE ALL ON FUNCTION ttfd.unify_import(bigint, boolean, boolean) FROM PUBLIC;
-- (kept) GRANT EXECUTE ON FUNCTION ttfd.unify_import(bigint, boolean, boolean) TO ttfd_admin;
-- Up to here it is as in sql/.

RESET ROLE;
