-- Generated from sql/ by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/events/take_announcements.sql
-- From here on it is as in sql/.
-- The position is kept here and not in the bot, so that a restart neither repeats nor forgets. Most events are announced
-- to nobody: the loop passes over them a slice at a time, for a second at most, and the cursor keeps what it has passed.
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
  v_give_up_at timestamptz := clock_timestamp() + INTERVAL '1 second';
BEGIN
  PERFORM require_platform(p_platform);
  v_cursor := lease_announcements(p_platform, p_reader);
  IF v_cursor.platform IS NULL THEN
    RETURN;
  END IF;
  v_position := v_cursor.position;
  SELECT h.position INTO v_head FROM feed_head h;
  WHILE v_position < v_head AND clock_timestamp() < v_give_up_at LOOP
    v_until := least(v_position + 20000, v_head);
    RETURN QUERY
    SELECT e.position, e.id, e.event_type, l.user_id, l.external_id, coalesce(u.display_name, u.username),
           CASE WHEN l.external_id IS NOT NULL THEN (SELECT g.language FROM get_preferences(p_platform, l.external_id) g) END,
           l.audience, e.data || coalesce(announcement_details(e.event_type, e.data), '{}'), e.xp, e.coins, e.occurred_at
      FROM list_announceable(p_platform, v_position, v_until, least(greatest(p_limit, 1), 1000)) l
      JOIN cross_platform_events_processed e ON e.position = l.position
      LEFT JOIN unified_users u ON u.id = l.user_id
     ORDER BY e.position;
    EXIT WHEN FOUND;
    v_position := v_until;
  END LOOP;
  UPDATE announcement_cursors c SET position = v_position WHERE c.platform = p_platform;
END;
$$;

COMMENT ON FUNCTION ttfd.take_announcements(text, uuid, integer) IS
  'What the bot of a platform is to tell next, in feed order: rank_up, achievement_unlock, season_reward (where it paid), account_linked, account_unlinked, accounts_merged, merge_undone to the member, season_closed to the community. p_reader is an id that the process has chosen for itself: another one gets nothing for two minutes, so that each is told once per platform. The first reading begins at the present head. Returns position, event_id, event_type, user_id (0 for the community), external_id (NULL for the community), display_name, language, audience (private: the member alone; public: the community), data (with rank_name, titles or winner_names added), xp, coins, occurred_at. Of what is older than 15 minutes only the last of each kind for each member is told, privately, and nothing after 7 days; what concerns accounts, and who is off the leaderboards, is always private; whoever has chosen off is told what concerns accounts and nothing else. The same rows come again until confirm_announcements. Raises TP001.';

-- (kept) REVOKE ALL ON FUNCTION ttfd.take_announcements(text, uuid, integer) FROM PUBLIC;
-- (kept) GRANT EXECUTE ON FUNCTION ttfd.take_announcements(text, uuid, integer)
-- (kept)   TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
-- Up to here it is as in sql/.

-- sql/functions/events/postpone_announcement.sql: removed
DROP FUNCTION ttfd.postpone_announcement(text, uuid, bigint);

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
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint) IS
  'Says that everything up to a position from take_announcements was told; call it after each. Who is killed in between tells that one again: at least once. Returns is_confirmed: false when another process has taken over, which tells the rest. Raises TP001.';

-- (kept) REVOKE ALL ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint) FROM PUBLIC;
-- (kept) GRANT EXECUTE ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint)
-- (kept)   TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
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
    SELECT d.source, count(*) AS accounts
      FROM (SELECT DISTINCT i.source, i.platform, i.external_id FROM ttfd.import_accounts i WHERE i.run_id = p_run_id) d
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

-- sql/functions/internal/projected_accounts.sql
-- From here on it is as in sql/.
-- Names are those of the primary platform, else of the account that was linked first and has one.
CREATE OR REPLACE FUNCTION ttfd.projected_accounts(p_user_ids bigint[])
RETURNS TABLE (user_id bigint, telegram_id text, discord_id text, website_email text, platforms text[],
               primary_platform text, username text, display_name text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT u.id,
         max(a.external_id) FILTER (WHERE a.platform = 'telegram'),
         max(a.external_id) FILTER (WHERE a.platform = 'discord'),
         max(a.external_id) FILTER (WHERE a.platform = 'website'),
         coalesce(array_agg(a.platform ORDER BY a.platform) FILTER (WHERE a.platform IS NOT NULL), '{}'),
         (array_agg(a.platform ORDER BY a.platform = u.primary_platform DESC, a.linked_at, a.platform))[1],
         (array_agg(a.username ORDER BY a.username IS NULL, a.platform = u.primary_platform DESC, a.linked_at, a.platform))[1],
         (array_agg(a.display_name ORDER BY a.display_name IS NULL, a.platform = u.primary_platform DESC, a.linked_at, a.platform))[1]
    FROM ttfd.unified_users u
    LEFT JOIN ttfd.platform_accounts a ON a.user_id = u.id
   WHERE u.id = ANY (p_user_ids)
   GROUP BY u.id;
$$;

COMMENT ON FUNCTION ttfd.projected_accounts(bigint[]) IS 'What unified_users has to show of the accounts of the given users.';
-- Up to here it is as in sql/.

RESET ROLE;
