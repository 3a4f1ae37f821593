-- Generated from sql/functions/internal by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/internal/accrue_voice.sql
-- Whoever looked last has left the state that held until now. After a silence of the bot nobody knows what was in between:
-- it counts if the connection is the same, and earns if it did before and does now, for an hour at most.
CREATE OR REPLACE FUNCTION ttfd.accrue_voice(p_session ttfd.voice_sessions, p_session_id text, p_is_idle boolean, p_at timestamptz)
RETURNS ttfd.voice_sessions
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_gap numeric := greatest(0, extract(epoch FROM p_at - p_session.seen_at));
  v_is_silence boolean := v_gap > 150;
BEGIN
  IF v_is_silence AND p_session_id IS DISTINCT FROM p_session.session_id THEN
    RETURN p_session;
  END IF;
  p_session.seconds := p_session.seconds + v_gap;
  IF p_session.is_idle OR v_is_silence AND (p_is_idle OR v_gap > 3600) THEN
    p_session.idle_seconds := p_session.idle_seconds + v_gap;
  END IF;
  p_session.seen_at := greatest(p_session.seen_at, p_at);
  RETURN p_session;
END;
$$;

COMMENT ON FUNCTION ttfd.accrue_voice(ttfd.voice_sessions, text, boolean, timestamptz) IS
  'A voice session with the time added that has passed since it was last seen, given the connection as it is at that time (NULL: gone).';

-- sql/functions/internal/achievement_progress.sql
-- One place that says what a metric is. The planner inlines it, so a filter on names is applied before anything is counted.
CREATE OR REPLACE FUNCTION ttfd.achievement_progress(p_user_ids bigint[])
RETURNS TABLE (user_id bigint, name text, value bigint, is_reached boolean, is_shown boolean)
LANGUAGE sql STABLE
AS $$
  SELECT u.id, a.name, v.value,
         a.is_enabled AND CASE WHEN a.metric = 'season_place' THEN v.value <= a.threshold ELSE v.value >= a.threshold END,
         a.name = ANY (u.achievements)
    FROM ttfd.unified_users u
   CROSS JOIN ttfd.achievements a
   CROSS JOIN LATERAL (
           SELECT CASE
                    WHEN a.metric = 'streak' THEN u.daily_streak
                    WHEN a.metric IN ('seasons', 'season_place') THEN (
                      SELECT CASE a.metric WHEN 'seasons' THEN count(*) ELSE min(r.place) END
                        FROM (SELECT u.id UNION ALL SELECT m.id FROM ttfd.unified_users m WHERE m.merged_into = u.id) w
                        JOIN ttfd.season_results r ON r.user_id = w.id)
                    ELSE ttfd.metric_value(u, a.metric)
                  END) v (value)
   WHERE u.id = ANY (p_user_ids) AND u.merged_into IS NULL AND u.forgotten_at IS NULL;
$$;

COMMENT ON FUNCTION ttfd.achievement_progress(bigint[]) IS
  'How far members have come with every achievement; value is NULL for a place in a season that they never had. Who is merged or forgotten is left out.';

-- sql/functions/internal/add_counts.sql
-- Who goes from one branch to another changes only what lies between the two, so this goes from the right to the left and
-- touches no element where the changes so far cancel out.
CREATE OR REPLACE FUNCTION ttfd.add_counts(p_members integer[], p_branches integer[], p_more bigint[])
RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
  v_more bigint := 0;
BEGIN
  FOR v_at IN 1..cardinality(p_branches) LOOP
    v_more := v_more + p_more[v_at];
    CONTINUE WHEN v_more = 0;
    FOR v_branch IN coalesce(p_branches[v_at + 1], 0) + 1..p_branches[v_at] LOOP
      p_members[v_branch] := p_members[v_branch] + v_more;
    END LOOP;
  END LOOP;
  RETURN p_members;
END;
$$;

COMMENT ON FUNCTION ttfd.add_counts(integer[], integer[], bigint[]) IS
  'The members of a node of board_counts, when as many more come to each of the named branches, the last of them first.';

-- sql/functions/internal/add_import_accounts.sql
-- Members who were there before are among those noted in import_changes when an account comes to them. New ones show their
-- accounts already: ttfd.update_kind tells so to platform_accounts__project.
CREATE OR REPLACE FUNCTION ttfd.add_import_accounts(p_run_id bigint, p_to_new_members boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF p_to_new_members THEN
    PERFORM set_config('ttfd.update_kind', 'create', true);
  END IF;
  INSERT INTO ttfd.platform_accounts
    (platform, external_id, user_id, username, display_name, link_method, linked_at, import_run_id)
  SELECT i.platform, i.external_id, i.person, i.username, i.display_name, i.link_method,
         coalesce(i.linked_at, ttfd.current_time()), p_run_id
    FROM ttfd.import_identities i
    LEFT JOIN ttfd.import_changes c ON c.run_id = p_run_id AND c.user_id = i.person
   WHERE i.run_id = p_run_id AND i.user_id IS NULL AND (c.user_id IS NULL) = p_to_new_members
     AND (i.row_id IS NOT NULL OR (SELECT true FROM ttfd.unified_users u WHERE u.id = i.person))
   ORDER BY i.person;
  PERFORM set_config('ttfd.update_kind', 'import', true);
END;
$$;

COMMENT ON FUNCTION ttfd.add_import_accounts(bigint, boolean) IS
  'Gives members the accounts that a run brings: to those whom it makes, or to those who were there before.';

-- sql/functions/internal/add_season_score.sql
CREATE OR REPLACE FUNCTION ttfd.add_season_score(
  p_user_id bigint, p_season_id integer, p_xp bigint, p_reached_at timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET season_xp = u.season_xp + p_xp, season_reached_at = greatest(u.season_reached_at, p_reached_at)
   WHERE u.id = p_user_id AND u.season_id = p_season_id AND u.season_xp + p_xp >= 0;
  IF NOT FOUND THEN
    INSERT INTO ttfd.season_scores AS k (user_id, season_id, xp, reached_at)
    VALUES (p_user_id, p_season_id, p_xp, p_reached_at)
    ON CONFLICT (user_id, season_id)
    DO UPDATE SET xp = k.xp + EXCLUDED.xp, reached_at = greatest(k.reached_at, EXCLUDED.reached_at);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.add_season_score(bigint, integer, bigint, timestamptz) IS
  'Adds XP, which may be negative, to the score of a member who is locked, wherever that is kept.';

-- sql/functions/internal/advance_floor.sql
-- The index of the queue is full of rows that are dead but not yet vacuumed, millions of them in a rush; so a batch starts
-- looking above a floor. Below what has been handed out, a number may still turn up as long as a transaction runs that may
-- have taken it. Such a transaction has an id, older than ours (the default of seq sees to that): once all ids before ours have
-- ended, nothing new can appear up to the number that was the last one before we had an id. A dump brings along an id of the
-- cluster that it was made in; in a younger one that is an id of the future, and ours takes its place.
CREATE OR REPLACE FUNCTION ttfd.advance_floor(p_head ttfd.feed_head, p_taken_seq bigint)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_is_settled boolean := p_head.next_floor_xid <= pg_snapshot_xmin(pg_current_snapshot());
  -- A statement of its own, so that it sees whatever had ended for the line above.
  v_oldest_seq bigint := ttfd.oldest_pending(p_head.floor_seq);
BEGIN
  UPDATE ttfd.feed_head h
     SET last_seq = coalesce(v_oldest_seq - 1, p_taken_seq, h.last_seq),
         floor_seq = CASE WHEN v_is_settled THEN greatest(h.floor_seq, least(h.next_floor_seq, v_oldest_seq - 1))
                          ELSE h.floor_seq END,
         next_floor_seq = CASE WHEN v_is_settled THEN coalesce(p_taken_seq, h.next_floor_seq) ELSE h.next_floor_seq END,
         next_floor_xid = CASE WHEN v_is_settled AND p_taken_seq IS NOT NULL THEN pg_current_xact_id()
                               ELSE least(h.next_floor_xid, pg_current_xact_id()) END
   WHERE h.last_seq <> coalesce(v_oldest_seq - 1, p_taken_seq, h.last_seq)
      OR h.next_floor_seq <> p_taken_seq
      OR h.floor_seq < least(h.next_floor_seq, v_oldest_seq - 1);
  RETURN v_oldest_seq IS NOT NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.advance_floor(ttfd.feed_head, bigint) IS
  'Raises the floor of the queue as far as is safe. p_taken_seq is the last number that was handed out before the transaction had an id, NULL when that is not known. Returns whether anything is pending.';

-- sql/functions/internal/announce_seasons.sql
CREATE OR REPLACE FUNCTION ttfd.announce_seasons()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_announced bigint;
BEGIN
  WITH begun AS (
    UPDATE ttfd.seasons s SET announced_at = v_now
     WHERE s.announced_at IS NULL AND s.starts_at <= v_now
    RETURNING s.id, s.name, s.starts_at, s.ends_at
  )
  INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  SELECT ttfd.generate_event_id(), 0, 'season_started', 'system',
         jsonb_build_object('season_id', b.id, 'season', b.name, 'starts_at', b.starts_at, 'ends_at', b.ends_at), 0, 0, v_now
    FROM begun b
   WHERE b.ends_at > v_now;
  GET DIAGNOSTICS v_announced = ROW_COUNT;
  RETURN v_announced;
END;
$$;

COMMENT ON FUNCTION ttfd.announce_seasons() IS
  'Tells the community (user_id 0) of seasons that have begun, once, by an event season_started. Returns how many.';

-- sql/functions/internal/announced_kind.sql
-- Two kinds, because a rank must not hide from a member that an account was linked. Both users of a merge have an event of
-- it, for the amounts; and whoever joins on a platform was answered there.
CREATE OR REPLACE FUNCTION ttfd.announced_kind(
  p_platform text, p_user_id bigint, p_event_type text, p_data jsonb, p_has_paid boolean)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN p_event_type IN ('rank_up', 'achievement_unlock')
             OR p_event_type = 'season_reward' AND p_has_paid THEN 'progress'
           WHEN p_event_type IN ('account_unlinked', 'merge_undone')
             OR p_event_type = 'account_linked' AND p_data ->> 'platform' <> p_platform
             OR p_event_type = 'accounts_merged' AND (p_data ->> 'into_id')::bigint = p_user_id THEN 'account'
           WHEN p_event_type = 'season_closed' THEN 'season'
         END;
$$;

COMMENT ON FUNCTION ttfd.announced_kind(text, bigint, text, jsonb, boolean) IS
  'What an event is as an announcement of a platform: progress, account or season; NULL for what is not announced there.';

-- sql/functions/internal/announcement_details.sql
CREATE OR REPLACE FUNCTION ttfd.announcement_details(p_event_type text, p_data jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN CASE p_event_type
    WHEN 'rank_up' THEN
      (SELECT jsonb_build_object('rank_name', r.name, 'rank_color', r.color)
         FROM ttfd.ranks r
        WHERE r.id = (p_data ->> 'to_rank_id')::smallint)
    WHEN 'achievement_unlock' THEN
      (SELECT jsonb_build_object('titles_ru', jsonb_agg(a.title_ru ORDER BY n.ordinal),
                                 'titles_en', jsonb_agg(a.title_en ORDER BY n.ordinal))
         FROM jsonb_array_elements_text(p_data -> 'achievements') WITH ORDINALITY n (name, ordinal)
         JOIN ttfd.achievements a ON a.name = n.name)
    WHEN 'season_closed' THEN
      (SELECT jsonb_build_object('winner_names', jsonb_agg(coalesce(u.display_name, u.username) ORDER BY w.ordinal))
         FROM jsonb_array_elements(p_data -> 'winners') WITH ORDINALITY w (winner, ordinal)
         LEFT JOIN ttfd.unified_users u ON u.id = (w.winner ->> 'user_id')::bigint AND NOT u.is_hidden)
  END;
END;
$$;

COMMENT ON FUNCTION ttfd.announcement_details(text, jsonb) IS
  'Names that the text of an announcement needs beside the data of its event; NULL when there are none.';

-- sql/functions/internal/apply_batch.sql
-- The heart: one pass over a set of pending events. First the members are locked in ascending id, as everywhere; then one
-- statement takes the rows out of the queue, judges them by the rules, updates every member once and appends the log.
-- Events of a merged member go to the survivor; those that were granted already stay in the ledger of whom they were
-- granted to, because the merge has moved the balance.
-- Who has come to the threshold of an achievement is looked at afterwards, and so is everybody to whom something was granted
-- in another way, because the queue is where all of that comes by.
-- Rows of the queue are only ever deleted, and by one processor at a time, so their places (ctid) hold.
-- The plan settings are there because the statistics of a queue always lie: it was empty when they were taken. So was the
-- table of windows once, and a plan lives as long as its connection: each window is looked up by itself (OFFSET 0).
CREATE OR REPLACE FUNCTION ttfd.apply_batch(p_rows tid[], p_looks_first boolean)
RETURNS TABLE (processed integer, failed integer)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_applied text[] := ARRAY(SELECT t.name FROM ttfd.event_types t);  -- apply_event has looked at their members itself.
  v_batch record := ttfd.lock_batch(p_rows, v_applied, p_looks_first);
  v_has_strangers boolean := v_batch.has_strangers;
  v_base bigint;
  v_now timestamptz := ttfd.current_time();
  v_oldest timestamptz := v_batch.oldest;  -- Rules and boosts that were over by then are not looked at.
  v_has_boosts boolean := EXISTS (SELECT 1 FROM ttfd.boosts b WHERE b.ends_at > v_oldest);
  v_season ttfd.seasons;
  v_has_past_seasons boolean;  -- Others than the present one that are not closed yet.
  v_goals record;
  v_achievers bigint[];
  v_taken integer;
  v_members integer;
  v_updated integer;
BEGIN
  SELECT h.position INTO v_base FROM ttfd.feed_head h FOR UPDATE;
  v_season := ttfd.find_season(v_now);
  v_has_past_seasons := EXISTS (SELECT 1 FROM ttfd.seasons s WHERE s.closed_at IS NULL AND s.id IS DISTINCT FROM v_season.id);
  IF v_has_past_seasons AND v_season.id IS NOT NULL THEN
    PERFORM ttfd.keep_past_seasons(v_batch.user_ids, v_season.id);
  END IF;
  SELECT array_agg(a.threshold ORDER BY a.threshold) FILTER (WHERE a.metric = 'xp') AS xp,
         array_agg(a.threshold ORDER BY a.threshold) FILTER (WHERE a.metric = 'coins') AS coins,
         array_agg(a.threshold ORDER BY a.threshold) FILTER (WHERE a.metric = 'messages') AS messages,
         array_agg(a.threshold ORDER BY a.threshold) FILTER (WHERE a.metric = 'voice') AS voice,
         array_agg(a.threshold ORDER BY a.threshold) FILTER (WHERE a.metric = 'games') AS games,
         array_agg(a.threshold ORDER BY a.threshold) FILTER (WHERE a.metric = 'wins') AS wins
    INTO v_goals
    FROM ttfd.achievements a;
  PERFORM set_config('ttfd.update_kind', 'batch', true);

  WITH batch AS MATERIALIZED (
    DELETE FROM ttfd.cross_platform_events_pending WHERE ctid = ANY (p_rows)
    RETURNING id, seq, user_id, event_type, source_platform, data, occurred_at, created_at, xp, coins, note, rank_id
  ), assessed AS (
    -- What the later steps filter by comes first, because a row is unpacked only as far as it is needed.
    SELECT CASE WHEN o.id IS NULL AND b.user_id <> 0 THEN 'TU001'
                WHEN b.xp IS NOT NULL THEN NULL
                WHEN t.name IS NULL THEN 'TE001'
                WHEN b.occurred_at NOT BETWEEN TIMESTAMPTZ '1970-01-01 00:00Z' AND v_now + INTERVAL '5 minutes' THEN '22008'
                ELSE g.error
           END AS error,
           CASE WHEN b.xp IS NULL AND t.is_enabled AND (g.xp <> 0 OR g.coins <> 0)
                THEN ttfd.start_of_window(t.cooldown_seconds, b.occurred_at) END AS cooldown_start,
           CASE WHEN b.xp IS NULL AND t.is_enabled AND g.xp > 0 AND t.daily_xp_cap IS NOT NULL
                THEN ttfd.start_of_window(86400, b.occurred_at) END AS day_start,
           b.xp AS granted_xp, b.coins AS granted_coins, b.note AS granted_note, b.rank_id, b.seq,
           CASE WHEN b.xp IS NULL THEN coalesce(o.id, b.user_id) ELSE b.user_id END AS user_id, b.occurred_at,
           t.is_enabled, NOT t.is_admin_only AS is_play, g.is_idle, t.daily_xp_cap, g.seconds, t.counter, f.factor,
           CASE WHEN t.is_enabled THEN ttfd.multiply_award(g.xp, f.factor) ELSE 0 END AS base_xp,
           CASE WHEN t.is_enabled THEN ttfd.multiply_award(g.coins, f.factor) ELSE 0 END AS base_coins,
           b.event_type, b.source_platform, b.data, b.id, b.created_at
      FROM batch b
     CROSS JOIN LATERAL (
             SELECT CASE WHEN v_has_strangers
                         THEN (SELECT coalesce(u.merged_into, u.id) FROM ttfd.unified_users u WHERE u.id = b.user_id)
                         ELSE b.user_id END
             OFFSET 0) o (id)
      LEFT JOIN ttfd.event_type_versions t
        ON t.name = b.event_type AND t.valid_from <= b.occurred_at AND t.valid_to > b.occurred_at AND b.xp IS NULL
       AND t.valid_to > v_oldest
      LEFT JOIN LATERAL ttfd.assess_event(t, b.data) g ON t.name IS NOT NULL
     CROSS JOIN LATERAL (
             SELECT CASE WHEN v_has_boosts AND t.is_boostable AND b.xp IS NULL
                         THEN ttfd.find_boost(o.id, b.event_type, b.source_platform, b.occurred_at) END
             OFFSET 0) f (factor)
    OFFSET 0
  ), ordered AS (
    SELECT a.cooldown_start IS NOT NULL
             AND row_number() OVER (PARTITION BY a.user_id, a.event_type, a.cooldown_start ORDER BY a.seq) = 1 AS is_first,
           a.*
      FROM assessed a
  ), cooled AS MATERIALIZED (
    SELECT o.cooldown_start IS NOT NULL AND (NOT o.is_first OR w.user_id IS NOT NULL) AS is_cooling,
           o.*
      FROM ordered o
      LEFT JOIN LATERAL (
             SELECT v.user_id
               FROM ttfd.award_windows v
              WHERE v.user_id = o.user_id AND v.event_type = o.event_type AND NOT v.is_daily
                AND v.starts_at = CASE WHEN o.is_first THEN o.cooldown_start END
             OFFSET 0) w ON true
  ), summed AS (
    SELECT c.*, NULL::bigint AS used, NULL::numeric AS reached
      FROM cooled c
     WHERE c.day_start IS NULL
     UNION ALL
    SELECT c.*, coalesce(d.xp, 0),
           coalesce(d.xp, 0) + sum(CASE WHEN c.is_cooling THEN 0 ELSE c.base_xp END)
             OVER (PARTITION BY c.user_id, c.event_type, c.day_start ORDER BY c.seq)
      FROM cooled c
      LEFT JOIN LATERAL (
             SELECT v.xp
               FROM ttfd.award_windows v
              WHERE v.user_id = c.user_id AND v.event_type = c.event_type AND v.is_daily AND v.starts_at = c.day_start
             OFFSET 0) d ON true
     WHERE c.day_start IS NOT NULL
  ), granted AS MATERIALIZED (
    SELECT CASE WHEN s.granted_xp IS NOT NULL THEN s.granted_xp
                WHEN s.is_cooling THEN 0
                WHEN s.day_start IS NULL THEN s.base_xp
                ELSE (least(greatest(s.daily_xp_cap, s.used), s.reached)
                      - least(greatest(s.daily_xp_cap, s.used), s.reached - s.base_xp))::bigint
           END AS xp,
           CASE WHEN s.granted_xp IS NOT NULL THEN s.granted_coins WHEN s.is_cooling THEN 0 ELSE s.base_coins END AS coins,
           CASE WHEN s.granted_xp IS NOT NULL THEN s.granted_note
                ELSE ttfd.note_award(NOT s.is_enabled, s.is_cooling, s.reached > s.daily_xp_cap, s.is_idle, s.factor)
           END AS note,
           s.*
      FROM summed s
  ), windows AS (
    INSERT INTO ttfd.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
    SELECT g.user_id, g.event_type, false, g.cooldown_start, g.xp
      FROM granted g
     WHERE g.cooldown_start IS NOT NULL AND NOT g.is_cooling AND g.error IS NULL
     UNION ALL
    SELECT g.user_id, g.event_type, true, g.day_start, sum(g.xp)::bigint
      FROM granted g
     WHERE g.day_start IS NOT NULL AND g.xp > 0 AND g.error IS NULL
     GROUP BY g.user_id, g.event_type, g.day_start
    ON CONFLICT (user_id, event_type, is_daily, starts_at) DO UPDATE SET xp = w.xp + EXCLUDED.xp
  ), totals AS MATERIALIZED (
    SELECT g.user_id,
           sum(g.xp)::bigint AS xp,
           sum(g.coins)::bigint AS coins,
           count(*) FILTER (WHERE g.counter = 'messages') AS messages,
           coalesce(sum(g.seconds) FILTER (WHERE g.counter = 'voice'), 0)::bigint AS voice_seconds,
           count(*) FILTER (WHERE g.counter = 'games') AS games,
           count(*) FILTER (WHERE g.counter = 'games' AND g.data @> '{"won": true}') AS wins,
           max(g.occurred_at) AS last_active,
           coalesce(sum(g.xp) FILTER (WHERE g.is_play AND g.xp > 0 AND g.occurred_at >= v_season.starts_at AND g.occurred_at < v_season.ends_at), 0)::bigint AS season_xp,
           max(g.occurred_at) FILTER (WHERE g.is_play AND g.xp > 0 AND g.occurred_at >= v_season.starts_at AND g.occurred_at < v_season.ends_at) AS season_reached_at,
           max(g.occurred_at) FILTER (WHERE g.xp <> 0) AS xp_since
      FROM granted g
     WHERE g.granted_xp IS NULL AND g.error IS NULL
     GROUP BY g.user_id
  ), updated AS (
    UPDATE ttfd.unified_users u
       SET xp = u.xp + t.xp,
           coins = u.coins + t.coins,
           messages_sent = u.messages_sent + t.messages,
           total_voice_time = u.total_voice_time + t.voice_seconds,
           games_played = u.games_played + t.games,
           games_won = u.games_won + t.wins,
           last_active = greatest(u.last_active, t.last_active),
           season_id = CASE WHEN t.season_xp > 0 THEN v_season.id ELSE u.season_id END,
           season_xp = t.season_xp + CASE WHEN t.season_xp = 0 OR u.season_id = v_season.id THEN u.season_xp ELSE 0 END,
           season_reached_at = greatest(
             t.season_reached_at, CASE WHEN t.season_xp = 0 OR u.season_id = v_season.id THEN u.season_reached_at END),
           xp_since = greatest(u.xp_since, t.xp_since)
      FROM totals t
     WHERE u.id = t.user_id
    RETURNING u.id, ttfd.has_crossed(v_goals.xp, u.xp, t.xp)
                    OR ttfd.has_crossed(v_goals.coins, u.coins, t.coins)
                    OR ttfd.has_crossed(v_goals.messages, u.messages_sent, t.messages)
                    OR ttfd.has_crossed(v_goals.voice, u.total_voice_time, t.voice_seconds)
                    OR ttfd.has_crossed(v_goals.games, u.games_played, t.games)
                    OR ttfd.has_crossed(v_goals.wins, u.games_won, t.wins) AS has_achieved
  ), past AS (
    INSERT INTO ttfd.season_scores AS k (user_id, season_id, xp, reached_at)
    SELECT g.user_id, s.id, sum(g.xp)::bigint, max(g.occurred_at)
      FROM granted g
      JOIN ttfd.seasons s ON g.occurred_at >= s.starts_at AND g.occurred_at < s.ends_at
     WHERE v_has_past_seasons AND s.closed_at IS NULL AND s.id IS DISTINCT FROM v_season.id
       AND g.is_play AND g.xp > 0 AND g.error IS NULL
     GROUP BY g.user_id, s.id
    ON CONFLICT (user_id, season_id)
    DO UPDATE SET xp = k.xp + EXCLUDED.xp, reached_at = greatest(k.reached_at, EXCLUDED.reached_at)
  ), moved AS (
    INSERT INTO ttfd.cross_platform_events_processed
      (id, seq, user_id, event_type, source_platform, data, xp, coins, note, rank_id, position, processed,
       occurred_at, created_at, processed_at)
    SELECT g.id, g.seq, g.user_id, g.event_type, g.source_platform, g.data, g.xp, g.coins, g.note, g.rank_id,
           v_base + width_bucket(g.seq, (SELECT array_agg(k.seq ORDER BY k.seq) FROM granted k WHERE k.error IS NULL)),
           true, g.occurred_at, g.created_at, v_now
      FROM granted g
     WHERE g.error IS NULL
  ), refused AS (
    INSERT INTO ttfd.failed_events
      (id, seq, user_id, event_type, source_platform, data, occurred_at, created_at, sqlstate, message)
    SELECT g.id, g.seq, g.user_id, g.event_type, g.source_platform, g.data, g.occurred_at, g.created_at,
           g.error, ttfd.describe_event_error(g.error)
      FROM granted g
     WHERE g.error IS NOT NULL
    ON CONFLICT (id) DO UPDATE SET sqlstate = EXCLUDED.sqlstate, message = EXCLUDED.message, failed_at = EXCLUDED.failed_at
  )
  SELECT count(*), count(*) FILTER (WHERE error IS NOT NULL),
         (SELECT count(*) FROM totals), (SELECT count(*) FROM updated),
         array_agg(user_id) FILTER (
             WHERE error IS NULL AND (granted_xp IS NOT NULL AND event_type <> ALL (v_applied) OR source_platform = 'system'))
           || (SELECT array_agg(u.id) FROM updated u WHERE u.has_achieved)
    INTO v_taken, failed, v_members, v_updated, v_achievers
    FROM granted;
  IF v_taken <> cardinality(p_rows) OR v_members <> v_updated THEN
    RAISE EXCEPTION 'took % of % events and updated % of % users', v_taken, cardinality(p_rows), v_updated, v_members
      USING ERRCODE = 'internal_error', HINT = 'Nothing of the batch was kept. Please report this.';
  END IF;
  IF v_achievers IS NOT NULL THEN
    PERFORM ttfd.settle_achievements(v_achievers, true);
  END IF;
  PERFORM set_config('ttfd.update_kind', '', true);
  processed := v_taken - failed;
  UPDATE ttfd.feed_head SET position = v_base + processed;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.apply_batch(tid[], boolean) IS
  'Applies the pending events at the given places, all or none; those that their own content forbids go to failed_events. Returns processed, failed. Raises 40001 when it has to look again, and look first whose members they are.';

-- sql/functions/internal/apply_grant.sql
-- The one way in which amounts that were decided at once reach the ledger and the balance. The user is locked and the id
-- was new when it was, so an id that is taken now was taken for something else.
CREATE OR REPLACE FUNCTION ttfd.apply_grant(
  p_event_id uuid, p_user ttfd.unified_users, p_event_type text, p_platform text, p_data jsonb, p_xp bigint, p_coins bigint)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_rank_id smallint;
  v_outcome ttfd.event_outcome;
BEGIN
  IF p_user.coins + p_coins < 0 THEN
    RAISE EXCEPTION 'user % has % coins, % are needed', p_user.id, p_user.coins, -p_coins
      USING ERRCODE = 'TC001', HINT = 'Nothing was taken.';
  END IF;
  IF p_user.xp + p_xp >= p_user.next_rank_xp THEN
    SELECT r.id INTO v_rank_id FROM ttfd.find_rank(p_user.xp + p_xp) r WHERE r.id > p_user.highest_rank_id;
  END IF;
  IF NOT ttfd.insert_event(p_event_id, p_user.id, p_event_type, p_platform, p_data, p_xp, p_coins, NULL, v_rank_id,
                           ttfd.current_time()) THEN
    PERFORM ttfd.raise_event_error('TE002', p_event_id, p_event_type);
  END IF;
  UPDATE ttfd.unified_users u
     SET xp = u.xp + p_xp, coins = u.coins + p_coins,
         xp_since = CASE WHEN p_xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, ttfd.current_time()) END
   WHERE u.id = p_user.id
  RETURNING p_event_id, u.id, 'applied', p_xp, p_coins, NULL, u.xp, u.coins, u.rank_id, v_rank_id IS NOT NULL
    INTO v_outcome;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.apply_grant(uuid, ttfd.unified_users, text, text, jsonb, bigint, bigint) IS
  'Grants (or, below zero, takes) XP and coins at once, as an event. Expects the user locked. Raises TC001 when the coins are short, 23514 when the XP are, TE002 when the id was taken meanwhile.';

-- sql/functions/internal/apply_import_policy.sql
-- Sums are what the records say. Otherwise only the account that wins keeps its XP and coins: what the others had given in
-- earlier runs is then taken back as any difference is.
CREATE OR REPLACE FUNCTION ttfd.apply_import_policy(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_policy text := (SELECT r.policy FROM ttfd.import_runs r WHERE r.id = p_run_id);
BEGIN
  IF v_policy = 'sum' THEN
    RETURN;
  END IF;
  WITH held AS (
    SELECT i.person, a.origin, a.platform, a.external_id, sum(a.xp) AS xp, sum(a.coins) AS coins
      FROM ttfd.import_accounts a
      JOIN ttfd.import_identities i ON i.run_id = a.run_id AND i.platform = a.platform AND i.external_id = a.external_id
     WHERE a.run_id = p_run_id
     GROUP BY i.person, a.origin, a.platform, a.external_id
  ), ranked AS (
    SELECT h.*, count(*) OVER (PARTITION BY h.person) AS accounts,
           row_number() OVER (PARTITION BY h.person
                              ORDER BY 'prefer ' || h.origin = v_policy DESC, h.xp DESC, h.origin, h.platform, h.external_id) AS xp_place,
           row_number() OVER (PARTITION BY h.person
                              ORDER BY 'prefer ' || h.origin = v_policy DESC, h.coins DESC, h.origin, h.platform, h.external_id) AS coins_place
      FROM held h
  )
  UPDATE ttfd.import_accounts a
     SET xp = CASE WHEN r.xp_place = 1 THEN a.xp ELSE 0 END,
         coins = CASE WHEN r.coins_place = 1 THEN a.coins ELSE 0 END
    FROM ranked r
   WHERE a.run_id = p_run_id AND r.accounts > 1 AND (r.xp_place > 1 OR r.coins_place > 1)
     AND (a.origin, a.platform, a.external_id) = (r.origin, r.platform, r.external_id);
END;
$$;

COMMENT ON FUNCTION ttfd.apply_import_policy(bigint) IS
  'Decides which XP and coins of a person with several accounts in a run count.';

-- sql/functions/internal/are_usual_import_times.sql
-- Asked millions of times: one look at all three, with days up to the 28th, which exist in every month.
CREATE OR REPLACE FUNCTION ttfd.are_usual_import_times(p_last_daily text, p_created_at text, p_last_active text)
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT pg_catalog.strpos(pg_catalog.concat(p_last_daily, p_created_at, p_last_active), '|') = 0
         AND pg_catalog.concat_ws('|', p_last_daily, p_created_at, p_last_active)
             ~ '^(((19[7-9]\d|20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])([T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.]\d{1,6})?)?)?([|]|$))*$';
$$;

COMMENT ON FUNCTION ttfd.are_usual_import_times(text, text, text) IS
  'Whether each time of a legacy record is missing, empty, or ISO 8601 in the form that nearly all have, without an offset. Of others explain_import_time knows.';

-- sql/functions/internal/assess_daily.sql
-- A day is a date where the member is. Dates that are claimed only ever grow, so moving the clocks earns nothing in the end.
-- Whoever has moved since the last claim counts that claim by the date it had in the new zone, so that a flight east costs no
-- streak; and waits 20 hours, so that it earns no second claim on the same day.
CREATE OR REPLACE FUNCTION ttfd.assess_daily(p_user ttfd.unified_users, p_at timestamptz)
RETURNS TABLE (today date, missed_days integer, is_due boolean, next_at timestamptz)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_last date := p_user.last_daily;
  v_earliest timestamptz := TIMESTAMPTZ '-infinity';
BEGIN
  IF p_user.last_daily_zone <> p_user.time_zone THEN
    v_last := greatest(v_last, (p_user.last_daily_at AT TIME ZONE p_user.time_zone)::date);
    v_earliest := p_user.last_daily_at + INTERVAL '20 hours';
  END IF;
  today := (p_at AT TIME ZONE p_user.time_zone)::date;
  missed_days := today - v_last - 1;
  is_due := v_last IS NULL OR today > v_last AND p_at >= v_earliest;
  next_at := greatest((v_last + 1)::timestamp AT TIME ZONE p_user.time_zone, v_earliest);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.assess_daily(ttfd.unified_users, timestamptz) IS
  'The member''s date, the days missed since the last daily claim (NULL when there was none), whether a claim is due and from when.';

-- sql/functions/internal/assess_event.sql
-- What one event might earn before cooldowns and caps, or why it cannot be applied. It answers with a code instead of
-- raising, so that a batch sorts out bad rows as a set. The planner inlines it; OFFSET 0 keeps each step from being copied
-- into all places that use it, which makes the plan a hundred times larger.
CREATE OR REPLACE FUNCTION ttfd.assess_event(p_type ttfd.event_type_versions, p_data jsonb)
RETURNS TABLE (xp bigint, coins bigint, seconds bigint, is_idle boolean, error text)
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN e.error IS NOT NULL THEN 0
              WHEN p_data ? 'xp' THEN (p_data -> 'xp')::bigint
              WHEN p_type.per_seconds IS NULL THEN p_type.xp
              ELSE p_type.xp * (least(t.seconds - t.idle, p_type.max_seconds) / p_type.per_seconds)
         END,
         CASE WHEN e.error IS NOT NULL THEN 0
              WHEN p_data ? 'coins' THEN (p_data -> 'coins')::bigint
              WHEN p_type.per_seconds IS NULL THEN p_type.coins
              ELSE p_type.coins * (least(t.seconds - t.idle, p_type.max_seconds) / p_type.per_seconds)
         END,
         CASE WHEN e.error IS NULL THEN least(t.seconds, p_type.max_seconds) END,
         e.error IS NULL AND t.idle > 0,
         e.error
    FROM (SELECT CASE
                   WHEN pg_catalog.jsonb_typeof(p_data) <> 'object' THEN '22023'
                   WHEN p_data ? 'xp' THEN ttfd.assess_stated(p_data -> 'xp', p_type.stated_xp_max, p_type.allows_negative)
                 END,
                 CASE
                   WHEN p_data ? 'coins' THEN ttfd.assess_stated(p_data -> 'coins', p_type.stated_coins_max, p_type.allows_negative)
                 END,
                 CASE
                   WHEN p_type.per_seconds IS NOT NULL AND NOT p_data ? 'seconds' THEN '22023'
                   WHEN p_data ? 'seconds' THEN ttfd.assess_seconds(p_data -> 'seconds')
                 END,
                 CASE WHEN p_data ? 'idle_seconds' THEN ttfd.assess_seconds(p_data -> 'idle_seconds') END,
                 CASE
                   WHEN p_type.counter = 'games' AND p_data ? 'won' AND pg_catalog.jsonb_typeof(p_data -> 'won') <> 'boolean'
                   THEN '22023'
                 END
          OFFSET 0
         ) AS c (xp, coins, seconds, idle, won)
   CROSS JOIN LATERAL (SELECT coalesce(c.xp, c.coins, c.seconds, c.idle, c.won) OFFSET 0) AS e (error)
   CROSS JOIN LATERAL (
           SELECT CASE WHEN e.error IS NULL AND p_data ? 'seconds' THEN floor((p_data -> 'seconds')::numeric)::bigint END,
                  CASE WHEN e.error IS NULL AND p_data ? 'idle_seconds'
                       THEN least(ceil((p_data -> 'idle_seconds')::numeric), floor((p_data -> 'seconds')::numeric))::bigint
                       ELSE 0
                  END
          OFFSET 0
         ) AS t (seconds, idle);
$$;

COMMENT ON FUNCTION ttfd.assess_event(ttfd.event_type_versions, jsonb) IS
  'XP and coins that an event might earn, its counted seconds, whether part of them was idle, or the SQLSTATE that says why it cannot be applied.';

-- sql/functions/internal/assess_import_amount.sql
CREATE OR REPLACE FUNCTION ttfd.assess_import_amount(p_name text, p_value text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN p_value IS NULL OR p_value = '' THEN NULL
           WHEN p_value !~ '^-?[0-9]+([.][0-9]+)?$' OR pg_catalog.length(p_value) > 1000
           THEN p_name || ' is not a number: ' || pg_catalog.left(p_value, 40)
           WHEN p_value::numeric < 0 THEN p_name || ' is negative: ' || pg_catalog.left(p_value, 40)
           WHEN p_value::numeric > 1000000000000000 THEN p_name || ' is too large: ' || pg_catalog.left(p_value, 40)
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_import_amount(text, text) IS
  'Why a legacy amount cannot be imported, or NULL when it is missing, empty or a number from 0 to 10^15.';

-- sql/functions/internal/assess_seconds.sql
-- A million years is no session; the bound keeps the cast to bigint safe.
CREATE OR REPLACE FUNCTION ttfd.assess_seconds(p_seconds jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN pg_catalog.jsonb_typeof(p_seconds) <> 'number' THEN '22023'
           WHEN p_seconds::numeric NOT BETWEEN 0 AND 31557600000000 THEN '22003'
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_seconds(jsonb) IS
  'Why a number of seconds is refused (an SQLSTATE), or NULL when it is fine.';

-- sql/functions/internal/assess_sent_event.sql
-- What is refused at once, when an event is sent; the batch judges again by the rule of the time.
CREATE OR REPLACE FUNCTION ttfd.assess_sent_event(
  p_event_id uuid, p_rule ttfd.event_type_versions, p_data jsonb, p_occurred_at timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_event_id IS NULL THEN
    RETURN '22004';
  ELSIF p_occurred_at NOT BETWEEN TIMESTAMPTZ '1970-01-01 00:00Z' AND ttfd.current_time() + INTERVAL '5 minutes' THEN
    RETURN '22008';
  ELSIF p_rule.is_enabled IS NOT TRUE THEN
    RETURN 'TE001';
  ELSIF pg_column_size(p_data) > 65536 THEN
    RETURN '54000';
  ELSIF p_rule.is_admin_only AND NOT ttfd.is_admin() THEN
    RETURN 'TE003';
  END IF;
  RETURN (ttfd.assess_single(p_rule, p_data)).error;
END;
$$;

COMMENT ON FUNCTION ttfd.assess_sent_event(uuid, ttfd.event_type_versions, jsonb, timestamptz) IS
  'Why an event that is being sent is refused (an SQLSTATE), or NULL when it is fine.';

-- sql/functions/internal/assess_single.sql
-- assess_event for one event. A bot sends message after message that states nothing the rules read: for those the answer is
-- the rule itself, at a fifth of the price.
CREATE OR REPLACE FUNCTION ttfd.assess_single(
  p_rule ttfd.event_type_versions, p_data jsonb,
  OUT xp bigint, OUT coins bigint, OUT seconds bigint, OUT is_idle boolean, OUT error text)
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  IF p_rule.per_seconds IS NULL AND jsonb_typeof(p_data) = 'object'
     AND NOT p_data ?| '{xp,coins,seconds,idle_seconds,won}' THEN
    xp := p_rule.xp;
    coins := p_rule.coins;
    is_idle := false;
  ELSE
    SELECT g.xp, g.coins, g.seconds, g.is_idle, g.error INTO xp, coins, seconds, is_idle, error
      FROM ttfd.assess_event(p_rule, p_data) g;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.assess_single(ttfd.event_type_versions, jsonb) IS
  'What assess_event says, for a single event.';

-- sql/functions/internal/assess_stated.sql
CREATE OR REPLACE FUNCTION ttfd.assess_stated(p_amount jsonb, p_max bigint, p_allows_negative boolean)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN pg_catalog.jsonb_typeof(p_amount) <> 'number' THEN '22023'
           WHEN p_max IS NULL THEN 'TE003'
           WHEN p_amount::numeric <> pg_catalog.trunc(p_amount::numeric) THEN '22023'
           WHEN pg_catalog.abs(p_amount::numeric) > p_max THEN 'TE003'
           WHEN p_amount::numeric < 0 AND NOT p_allows_negative THEN 'TE003'
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_stated(jsonb, bigint, boolean) IS
  'Why an amount that the caller states is refused (an SQLSTATE), or NULL when it is fine.';

-- sql/functions/internal/attach_account.sql
CREATE OR REPLACE FUNCTION ttfd.attach_account(
  p_user_id bigint, p_platform text, p_external_id text, p_username text, p_link_method text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_told jsonb;
BEGIN
  IF EXISTS (SELECT 1 FROM ttfd.platform_accounts a WHERE a.user_id = p_user_id AND a.platform = p_platform) THEN
    PERFORM ttfd.raise_collision(p_platform);
  END IF;
  INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, username, link_method, linked_at)
  VALUES (p_platform, p_external_id, p_user_id, nullif(left(btrim(p_username), 255), ''), p_link_method,
          ttfd.current_time());
  SELECT jsonb_build_object('platform', p_platform, 'method', p_link_method, 'platforms', u.platforms) INTO v_told
    FROM ttfd.unified_users u
   WHERE u.id = p_user_id;
  PERFORM ttfd.tell_member(p_user_id, 'account_linked', v_told, 0, 0);
  PERFORM ttfd.audit('account_linked', NULL, v_told || jsonb_build_object('user_id', p_user_id));
END;
$$;

COMMENT ON FUNCTION ttfd.attach_account(bigint, text, text, text, text) IS
  'Gives a user who is locked an account that nobody has. Raises TL002.';

-- sql/functions/internal/audit.sql
CREATE OR REPLACE FUNCTION ttfd.audit(p_action text, p_before jsonb, p_after jsonb)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  INSERT INTO ttfd.audit_log (actor, role, action, before, after, on_behalf_of)
  VALUES (session_user, ttfd.caller_role(), p_action, p_before, p_after,
          nullif(pg_catalog.current_setting('ttfd.on_behalf_of', true), '')::bigint);
$$;

COMMENT ON FUNCTION ttfd.audit(text, jsonb, jsonb) IS 'Writes a line into the audit log.';

-- sql/functions/internal/board_number.sql
CREATE OR REPLACE FUNCTION ttfd.board_number(p_metric text)
RETURNS integer
LANGUAGE sql STABLE
AS $$
  SELECT CASE p_metric
           WHEN 'season' THEN ttfd.season_board(ttfd.running_season())
           ELSE array_position(ARRAY['coins', 'messages', 'voice', 'games', 'wins'], p_metric)
         END;
$$;

COMMENT ON FUNCTION ttfd.board_number(text) IS
  'The board of standings and board_counts that shows a metric; NULL for xp, which has its own, and for season when none is running.';

-- sql/functions/internal/caller_role.sql
-- API functions run as their owner, so current_user says nothing of the caller. A role taken by SET ROLE counts,
-- because a session can only take roles that it is a member of.
CREATE OR REPLACE FUNCTION ttfd.caller_role()
RETURNS name
LANGUAGE sql STABLE
AS $$
  SELECT CASE pg_catalog.current_setting('role') WHEN 'none' THEN session_user
              ELSE pg_catalog.current_setting('role')::name END;
$$;

COMMENT ON FUNCTION ttfd.caller_role() IS 'The role that called the API: the one set by SET ROLE, else the login.';

-- sql/functions/internal/carry_award_windows.sql
-- Otherwise a merge would let a member earn a cooldown or a daily cap twice. The rows of the user that goes stay where they
-- are, for the undo.
CREATE OR REPLACE FUNCTION ttfd.carry_award_windows(p_from_id bigint, p_into_id bigint)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_kept jsonb;
BEGIN
  SELECT coalesce(jsonb_agg(jsonb_build_object('event_type', w.event_type, 'starts_at', w.starts_at)), '[]') INTO v_kept
    FROM ttfd.award_windows f
    JOIN ttfd.award_windows w
      ON w.user_id = p_into_id AND (w.event_type, w.is_daily, w.starts_at) = (f.event_type, f.is_daily, f.starts_at)
   WHERE f.user_id = p_from_id AND NOT f.is_daily;
  INSERT INTO ttfd.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
  SELECT p_into_id, f.event_type, f.is_daily, f.starts_at, f.xp
    FROM ttfd.award_windows f
   WHERE f.user_id = p_from_id
  ON CONFLICT (user_id, event_type, is_daily, starts_at) DO UPDATE SET xp = w.xp + EXCLUDED.xp WHERE w.is_daily;
  RETURN v_kept;
END;
$$;

COMMENT ON FUNCTION ttfd.carry_award_windows(bigint, bigint) IS
  'Adds the award windows of one user to those of another. Returns the cooldown windows that both had.';

-- sql/functions/internal/carry_progress.sql
-- Places in closed seasons stay with whom they were won by; readers follow merged_into.
CREATE OR REPLACE FUNCTION ttfd.carry_progress(p_from_id bigint, p_into_id bigint)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_reached_at timestamptz := (SELECT u.season_reached_at FROM ttfd.unified_users u WHERE u.id = p_into_id);
  v_settled text[] := ARRAY(SELECT k.achievement FROM ttfd.user_achievements k WHERE k.user_id = p_into_id);
  v_scores jsonb;
BEGIN
  SELECT coalesce(jsonb_agg(s), '[]') INTO v_scores
    FROM (SELECT u.season_id, u.season_xp AS xp, u.season_reached_at AS reached_at
            FROM ttfd.unified_users u
            JOIN ttfd.seasons o ON o.id = u.season_id AND o.closed_at IS NULL
           WHERE u.id = p_from_id AND u.season_xp > 0
           UNION ALL
          SELECT k.season_id, k.xp, k.reached_at FROM ttfd.season_scores k WHERE k.user_id = p_from_id) s;
  PERFORM ttfd.move_season_scores(v_scores, p_from_id, p_into_id);

  INSERT INTO ttfd.user_achievements (user_id, achievement, unlocked_at)
  SELECT p_into_id, k.achievement, k.unlocked_at FROM ttfd.user_achievements k WHERE k.user_id = p_from_id
  ON CONFLICT (user_id, achievement) DO NOTHING;
  UPDATE ttfd.unified_users u
     SET achievements = u.achievements || ARRAY(
           SELECT k.achievement
             FROM ttfd.user_achievements k
            WHERE k.user_id = p_into_id AND k.achievement <> ALL (u.achievements)
            ORDER BY k.unlocked_at, k.achievement)
   WHERE u.id = p_into_id;
  PERFORM ttfd.settle_achievements(ARRAY[p_into_id], false);
  RETURN jsonb_build_object(
    'from_id', p_from_id, 'into_id', p_into_id, 'scores', v_scores, 'reached_at', v_reached_at,
    'achievements', (SELECT coalesce(jsonb_agg(k.achievement), '[]')
                       FROM ttfd.user_achievements k
                      WHERE k.user_id = p_into_id AND k.achievement <> ALL (v_settled)));
END;
$$;

COMMENT ON FUNCTION ttfd.carry_progress(bigint, bigint) IS
  'For a merge, once all else has moved, of two users who are locked: scores of open seasons and achievements go to the survivor; what both have reached together is unlocked without a reward. It alone moves season_id, season_xp and season_reached_at. Returns what return_progress needs to undo it.';

-- sql/functions/internal/carry_transfer_days.sql
-- Two members who become one have one daily limit for sending coins. The rows of the one that goes stay, for the undo.
CREATE OR REPLACE FUNCTION ttfd.carry_transfer_days(p_from_id bigint, p_into_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.transfer_days AS d (user_id, day, coins)
  SELECT p_into_id, f.day, f.coins
    FROM ttfd.transfer_days f
   WHERE f.user_id = p_from_id
  ON CONFLICT (user_id, day) DO UPDATE SET coins = d.coins + EXCLUDED.coins;
END;
$$;

COMMENT ON FUNCTION ttfd.carry_transfer_days(bigint, bigint) IS 'Adds the coins that one user has sent to what another has.';

-- sql/functions/internal/check_amount.sql
CREATE OR REPLACE FUNCTION ttfd.check_amount(p_amount bigint, p_minimum numeric, p_maximum numeric)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF (p_amount BETWEEN p_minimum AND p_maximum) IS NOT TRUE THEN
    RAISE EXCEPTION 'the amount % is not allowed', coalesce(p_amount::text, 'NULL')
      USING ERRCODE = 'TE003', HINT = format('Allowed now: from %s to %s.', p_minimum, greatest(p_maximum, 0));
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.check_amount(bigint, numeric, numeric) IS
  'Refuses an amount outside of its bounds, and NULL. Raises TE003.';

-- sql/functions/internal/check_event.sql
-- A resend is answered with the first outcome, whatever the rules say by now.
CREATE OR REPLACE FUNCTION ttfd.check_event(
  p_event_id uuid, p_event_type text, p_rule ttfd.event_type_versions, p_data jsonb, p_occurred_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_error text := ttfd.assess_sent_event(p_event_id, p_rule, p_data, p_occurred_at);
BEGIN
  IF v_error IS NOT NULL AND NOT ttfd.is_known_event(p_event_id) THEN
    PERFORM ttfd.raise_event_error(v_error, p_event_id, p_event_type);
  END IF;
  RETURN v_error IS NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.check_event(uuid, text, ttfd.event_type_versions, jsonb, timestamptz) IS
  'Refuses an event that its type does not allow; false for one that was sent before. Raises TE001, TE003, 22003, 22004, 22008, 22023, 54000.';

-- sql/functions/internal/check_events.sql
-- The same refusals as for a single event, for the first element that deserves one; then the accounts of first contacts.
CREATE OR REPLACE FUNCTION ttfd.check_events(p_events ttfd.sent_event[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM ttfd.raise_event_error(f.error, f.event_id, f.event_type)
     FROM (SELECT s.ordinal, s.event_id, s.event_type,
                  CASE WHEN s.external_id ~ p.id_pattern
                       THEN ttfd.assess_sent_event(s.event_id, v, s.data, o.at)
                       ELSE 'TU002'
                  END AS error
             FROM unnest(p_events) s
            CROSS JOIN LATERAL (SELECT coalesce(s.occurred_at, ttfd.current_time())) o (at)
             LEFT JOIN ttfd.platforms p ON p.name = s.platform
             LEFT JOIN ttfd.event_type_versions v
               ON v.name = s.event_type AND v.valid_from <= o.at AND v.valid_to > o.at
           OFFSET 0) f  -- Whether an event is known is asked of those alone that would be refused.
    WHERE f.error IS NOT NULL AND NOT ttfd.is_known_event(f.event_id)
    ORDER BY f.ordinal
    LIMIT 1;
  -- One by one, in a fixed order: each takes a lock of its own, and first contacts are few.
  PERFORM ttfd.resolve_user(n.platform, n.external_id)
     FROM (SELECT DISTINCT s.platform, s.external_id
             FROM unnest(p_events) s
            WHERE NOT EXISTS (SELECT 1
                                FROM ttfd.platform_accounts a
                                JOIN ttfd.platforms p ON p.name = a.platform AND ttfd.may_speak(p.role_name)
                               WHERE a.platform = s.platform AND a.external_id = s.external_id)
            ORDER BY 1, 2) n;
END;
$$;

COMMENT ON FUNCTION ttfd.check_events(ttfd.sent_event[]) IS
  'Refuses what check_event and resolve_user refuse, and creates the accounts that are new. Raises TE001, TE003, 22003, 22004, 22008, 22023, 54000, TU002, TP001.';

-- sql/functions/internal/check_reason.sql
CREATE OR REPLACE FUNCTION ttfd.check_reason(p_reason text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF coalesce(btrim(p_reason), '') = '' THEN
    RAISE EXCEPTION 'a reason is required' USING ERRCODE = 'invalid_parameter_value', HINT = 'Whoever asks later wants to know.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.check_reason(text) IS 'Refuses an empty reason. Raises 22023.';

-- sql/functions/internal/clear_import.sql
-- Legacy records hold personal data; once they are members only what was rejected is kept, for whoever has to look.
CREATE OR REPLACE FUNCTION ttfd.clear_import(p_run_id bigint)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  DELETE FROM ttfd.import_grants WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_links WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_identities WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_repeated WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_accounts WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_judged WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_rows WHERE run_id = p_run_id AND reject_reason IS NULL;
$$;

COMMENT ON FUNCTION ttfd.clear_import(bigint) IS 'Empties the working tables of a run and forgets its accepted records.';

-- sql/functions/internal/clear_past_board.sql
-- In pieces, because everybody may have played. The counts go last, and the board is known by their root: node 10 of each.
CREATE OR REPLACE FUNCTION ttfd.clear_past_board()
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_board integer := (
    SELECT c.board
      FROM ttfd.board_counts c
     WHERE c.node = 10 AND c.board > ttfd.season_board(0)
       AND NOT EXISTS (SELECT 1 FROM ttfd.seasons s WHERE ttfd.season_board(s.id) = c.board AND s.closed_at IS NULL)
     LIMIT 1);
BEGIN
  IF v_board IS NULL THEN
    RETURN;
  END IF;
  DELETE FROM ttfd.standings
   WHERE ctid = ANY (ARRAY(SELECT s.ctid FROM ttfd.standings s WHERE s.board = v_board AND s.board <> 0 LIMIT 2000));
  IF NOT FOUND THEN
    DELETE FROM ttfd.board_counts c WHERE c.board = v_board;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.clear_past_board() IS
  'Removes the board of a season that is closed, up to 2,000 members at a time. Expects feed_head locked.';

-- sql/functions/internal/collect_import_accounts.sql
-- One pass over the records, because there may be millions: each is judged, and taken apart where nothing is wrong.
CREATE OR REPLACE FUNCTION ttfd.collect_import_accounts(p_run_id bigint, p_after bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
  v_tomorrow text := to_char(ttfd.current_time() AT TIME ZONE 'UTC' + INTERVAL '1 day', 'YYYY-MM-DD');
BEGIN
  INSERT INTO ttfd.import_accounts
    (run_id, row_id, origin, part, platform, external_id, source, source_key, reject_reason, name, username, display_name,
     telegram_id, discord_id, website_email, xp, coins, games_played, games_won, total_voice_time, messages_sent,
     daily_streak, last_daily, achievements, created_at, last_active)
  SELECT p_run_id, j.row_id, j.origin, j.part, j.platform, j.external_id, j.source, j.source_key, j.reason,
         ttfd.fold_name(j.username),
         nullif(left(btrim(j.username), 255), ''),
         nullif(left(btrim(j.display_name), 255), ''),
         nullif(btrim(j.telegram_id), ''),
         nullif(btrim(j.discord_id), ''),
         nullif(lower(btrim(j.website_email)), ''),
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.xp) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.coins) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.games_played) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.games_won) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.total_voice_time) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.messages_sent) END,
         CASE WHEN j.reason IS NULL THEN least(ttfd.import_amount(j.daily_streak), 100000) END,
         CASE WHEN j.reason IS NULL
              THEN (ttfd.import_time(j.last_daily, j.time_zone, j.has_usual_times) AT TIME ZONE j.time_zone)::date END,
         nullif(nullif(j.achievements, '[]'), 'null'),
         CASE WHEN j.reason IS NULL THEN ttfd.import_time(j.created_at, j.time_zone, j.has_usual_times) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_time(j.last_active, j.time_zone, j.has_usual_times) END
    FROM (SELECT v.*,
                 CASE
                   WHEN NOT v.is_object THEN 'the record is not an object'
                   WHEN v.id_pattern IS NULL THEN 'the platform is unknown'
                   WHEN coalesce(v.external_id, '') = '' THEN 'the id is missing'
                   WHEN v.external_id !~ v.id_pattern THEN 'the id has the wrong form: ' || left(v.external_id, 60)
                   WHEN jsonb_typeof(v.achievements) NOT IN ('array', 'object', 'null')
                   THEN 'achievements is no list: ' || left(v.achievements::text, 40)
                   ELSE coalesce(
                     -- Nearly all amounts are plain digits: one look for all of them.
                     CASE WHEN concat(v.xp, v.coins, v.games_played, v.games_won, v.total_voice_time, v.messages_sent,
                                      v.daily_streak) !~ '^[0-9]*$'
                            OR greatest(length(v.xp), length(v.coins), length(v.games_played), length(v.games_won),
                                        length(v.total_voice_time), length(v.messages_sent), length(v.daily_streak)) > 15
                          THEN coalesce(
                            ttfd.assess_import_amount('xp', v.xp),
                            ttfd.assess_import_amount('coins', v.coins),
                            ttfd.assess_import_amount('games_played', v.games_played),
                            ttfd.assess_import_amount('games_won', v.games_won),
                            ttfd.assess_import_amount('total_voice_time', v.total_voice_time),
                            ttfd.assess_import_amount('messages_sent', v.messages_sent),
                            ttfd.assess_import_amount('daily_streak', v.daily_streak)) END,
                     CASE WHEN NOT v.has_usual_times
                          THEN coalesce(
                            ttfd.explain_import_time('last_daily', v.last_daily),
                            ttfd.explain_import_time('created_at', v.created_at),
                            ttfd.explain_import_time('last_active', v.last_active)) END,
                     -- A claim in the future would forbid the next ones. It is tomorrow already somewhere.
                     CASE WHEN greatest(v.last_daily, v.created_at, v.last_active) > v_tomorrow
                           AND greatest(left(v.last_daily, 10), left(v.created_at, 10), left(v.last_active, 10)) > v_tomorrow
                          THEN 'a time lies in the future: ' || greatest(v.last_daily, v.created_at, v.last_active) END)
                 END AS reason
            FROM (SELECT n.*,
                         CASE WHEN n.folds_case THEN lower(btrim(n.given_id)) ELSE btrim(n.given_id) END AS external_id,
                         ttfd.are_usual_import_times(n.last_daily, n.created_at, n.last_active) AS has_usual_times
                    FROM (SELECT r.id AS row_id, r.part, r.platform, r.source, r.source_key, s.origin, s.time_zone,
                                 p.id_pattern, p.folds_case,
                                 jsonb_typeof(r.record) IS NOT DISTINCT FROM 'object' AS is_object,
                                 r.record ->> 'external_id' AS given_id,
                                 r.record ->> 'username' AS username,
                                 r.record ->> 'display_name' AS display_name,
                                 r.record ->> 'telegram_id' AS telegram_id,
                                 r.record ->> 'discord_id' AS discord_id,
                                 r.record ->> 'website_email' AS website_email,
                                 r.record ->> 'xp' AS xp,
                                 r.record ->> 'coins' AS coins,
                                 r.record ->> 'games_played' AS games_played,
                                 r.record ->> 'games_won' AS games_won,
                                 r.record ->> 'total_voice_time' AS total_voice_time,
                                 r.record ->> 'messages_sent' AS messages_sent,
                                 r.record ->> 'daily_streak' AS daily_streak,
                                 r.record ->> 'last_daily' AS last_daily,
                                 r.record -> 'achievements' AS achievements,
                                 r.record ->> 'created_at' AS created_at,
                                 r.record ->> 'last_active' AS last_active
                            FROM ttfd.import_rows r
                            JOIN ttfd.import_sources s ON s.run_id = r.run_id AND s.source = r.source
                            LEFT JOIN ttfd.platforms p ON p.name = r.platform
                           WHERE r.run_id = p_run_id AND r.id > p_after AND r.reject_reason IS NULL
                             AND (r.record ? 'event_id') IS NOT TRUE
                          OFFSET 0) n
                  OFFSET 0) v
          OFFSET 0) j;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_accounts(bigint, bigint) IS
  'Fills import_accounts with the records of a run after one: their values, or the reason why they cannot be imported.';

-- sql/functions/internal/collect_import_events.sql
-- The amounts of legacy events are in the balances already. Their ids are kept, as those of compacted events are, so that
-- one that a bot sends again counts once.
CREATE OR REPLACE FUNCTION ttfd.collect_import_events(p_run_id bigint, p_after bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
BEGIN
  UPDATE ttfd.import_rows r
     SET reject_reason = 'the event id has the wrong form: ' || left(coalesce(r.record ->> 'event_id', 'null'), 60)
   WHERE r.run_id = p_run_id AND r.id > p_after AND r.reject_reason IS NULL AND r.record ? 'event_id'
     AND coalesce(r.record ->> 'event_id', '') !~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$';

  INSERT INTO ttfd.compacted_events (id)
  SELECT (r.record ->> 'event_id')::uuid
    FROM ttfd.import_rows r
   WHERE r.run_id = p_run_id AND r.id > p_after AND r.reject_reason IS NULL AND r.record ? 'event_id'
  ON CONFLICT (id) DO NOTHING;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_events(bigint, bigint) IS 'Remembers the ids of the legacy events of a run.';

-- sql/functions/internal/collect_import_identities.sql
-- Every account that matters to the run: its own, those they state as theirs, members of the same name, and whatever
-- else belongs to a member who is touched. Accounts of one member are one person from the start; to anybody else the number
-- of a member who does not exist yet is given, so that nothing has to be renumbered when they become members.
CREATE OR REPLACE FUNCTION ttfd.collect_import_identities(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_numbers regclass := pg_get_serial_sequence('ttfd.unified_users', 'id');
BEGIN
  -- Names come from the first record, that of the account's own program before others.
  INSERT INTO ttfd.import_identities
    (run_id, platform, external_id, person, user_id, name, username, display_name, row_id, source, source_key, linked_at)
  SELECT p_run_id, o.platform, o.external_id, o.person, o.user_id,
         coalesce(o.name, ttfd.fold_name(o.known_username)), coalesce(o.username, o.known_username),
         coalesce(o.display_name, o.known_display_name), o.row_id, o.source, o.source_key, o.created_at
    FROM (SELECT a.*, coalesce(a.user_id, nextval(v_numbers)) AS person
            -- In the order of the records, so that a dry run and the real one number persons alike.
            FROM (SELECT i.platform, i.external_id, i.name, i.username, i.display_name, i.row_id, i.source, i.source_key,
                         i.created_at, p.user_id, p.username AS known_username, p.display_name AS known_display_name
                    FROM ttfd.import_accounts i
                    LEFT JOIN (SELECT f.platform, f.external_id,
                                      coalesce(min(f.row_id) FILTER (WHERE f.origin = f.platform), min(f.row_id)) AS row_id
                                 FROM ttfd.import_accounts f
                                 JOIN ttfd.import_repeated USING (run_id, platform, external_id)
                                WHERE f.run_id = p_run_id
                                GROUP BY f.platform, f.external_id) m USING (platform, external_id)
                    LEFT JOIN ttfd.platform_accounts p USING (platform, external_id)
                   WHERE i.run_id = p_run_id AND i.row_id = coalesce(m.row_id, i.row_id)
                   ORDER BY i.row_id) a
          OFFSET 0) o;

  -- What the first record lacks, another may have.
  IF EXISTS (SELECT 1 FROM ttfd.import_repeated m WHERE m.run_id = p_run_id) THEN
    UPDATE ttfd.import_identities i
       SET name = coalesce(i.name, a.name), username = coalesce(i.username, a.username),
           display_name = coalesce(i.display_name, a.display_name), linked_at = coalesce(i.linked_at, a.created_at)
      FROM (SELECT n.platform, n.external_id, max(n.name) AS name, max(n.username) AS username,
                   max(n.display_name) AS display_name, min(n.created_at) AS created_at
              FROM ttfd.import_accounts n
              JOIN ttfd.import_repeated USING (run_id, platform, external_id)
             WHERE n.run_id = p_run_id
               AND NOT EXISTS (SELECT 1 FROM ttfd.import_identities f WHERE f.run_id = p_run_id AND f.row_id = n.row_id)
             GROUP BY n.platform, n.external_id) a
     WHERE i.run_id = p_run_id AND (i.platform, i.external_id) = (a.platform, a.external_id)
       AND (i.username IS NULL AND a.username IS NOT NULL OR i.display_name IS NULL AND a.display_name IS NOT NULL
            OR i.linked_at IS NULL AND a.created_at IS NOT NULL);
  END IF;

  ANALYZE ttfd.import_identities;
  INSERT INTO ttfd.import_identities
    (run_id, platform, external_id, person, user_id, name, username, display_name)
  SELECT p_run_id, l.platform, l.external_id, l.person, l.user_id, ttfd.fold_name(l.username), l.username, l.display_name
    FROM (SELECT s.*, coalesce(s.user_id, nextval(v_numbers)) AS person
            FROM (SELECT n.platform, n.external_id, p.user_id, p.username, p.display_name
                    FROM (SELECT e.platform, e.external_id
                            FROM ttfd.import_links k
                           CROSS JOIN LATERAL (VALUES (k.platform, k.external_id), (k.to_platform, k.to_external_id))
                                   e (platform, external_id)
                           WHERE k.run_id = p_run_id
                           UNION
                          SELECT a.platform, a.external_id
                            FROM ttfd.platform_accounts a
                            JOIN ttfd.list_import_touched(p_run_id) t USING (user_id)) n
                    LEFT JOIN ttfd.platform_accounts p USING (platform, external_id)
                   WHERE NOT EXISTS (SELECT 1
                                       FROM ttfd.import_identities k
                                      WHERE k.run_id = p_run_id AND (k.platform, k.external_id) = (n.platform, n.external_id))
                   ORDER BY n.platform, n.external_id) s
          OFFSET 0) l;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_identities(bigint) IS 'Fills import_identities for a run.';

-- sql/functions/internal/collect_import_links.sql
-- An account that states its own id as that of another platform says nothing: a program that kept two bots in one table
-- did so.
CREATE OR REPLACE FUNCTION ttfd.collect_import_links(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH stated AS MATERIALIZED (
    SELECT a.source, a.source_key, a.username, a.platform, a.external_id, l.platform AS to_platform,
           l.external_id AS to_external_id, l.external_id ~ p.id_pattern AND l.external_id <> a.external_id AS is_well_formed
      FROM ttfd.import_accounts a
     CROSS JOIN LATERAL (VALUES ('telegram', a.telegram_id), ('discord', a.discord_id), ('website', a.website_email))
             AS l (platform, external_id)
      JOIN ttfd.platforms p ON p.name = l.platform
     WHERE a.run_id = p_run_id
       AND num_nonnulls(a.telegram_id, a.discord_id, a.website_email) > 0
       AND l.external_id IS NOT NULL
       AND (l.platform, l.external_id) <> (a.platform, a.external_id)
  ), malformed AS (
    INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username, candidates)
    SELECT DISTINCT ON (s.platform, s.external_id, s.to_platform, s.to_external_id)
           p_run_id, 'malformed_link', s.source, s.source_key, s.platform, s.external_id, s.username,
           jsonb_build_array(jsonb_build_object('platform', s.to_platform, 'external_id', left(s.to_external_id, 60)))
      FROM stated s
     WHERE NOT s.is_well_formed
     ORDER BY s.platform, s.external_id, s.to_platform, s.to_external_id, s.source, s.source_key
  )
  INSERT INTO ttfd.import_links (run_id, kind, platform, external_id, to_platform, to_external_id, is_new)
  SELECT DISTINCT p_run_id, 'id', e.ends[1], e.ends[2], e.ends[3], e.ends[4], false
    FROM stated s
   CROSS JOIN LATERAL (
           SELECT CASE WHEN (s.platform, s.external_id) < (s.to_platform, s.to_external_id)
                       THEN ARRAY[s.platform, s.external_id, s.to_platform, s.to_external_id]
                       ELSE ARRAY[s.to_platform, s.to_external_id, s.platform, s.external_id] END) e (ends)
   WHERE s.is_well_formed;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_links(bigint) IS
  'Fills import_links with the ids of other platforms that the records of a run state; ids of the wrong form become conflicts.';

-- sql/functions/internal/collect_limits.sql
-- Only what can still matter: a window that is over grants nothing to anybody.
CREATE OR REPLACE FUNCTION ttfd.collect_limits(p_user_ids bigint[])
RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object(
             'last_daily', max(u.last_daily),
             'last_daily_at', max(u.last_daily_at),
             'last_daily_zone', (array_agg(u.last_daily_zone ORDER BY u.last_daily_at DESC NULLS LAST))[1],
             'highest_rank_id', max(u.highest_rank_id),
             'achievements', (SELECT coalesce(jsonb_agg(DISTINCT k.achievement), '[]')
                                FROM ttfd.user_achievements k
                               WHERE k.user_id = ANY (p_user_ids)),
             'windows', (SELECT coalesce(jsonb_agg(to_jsonb(w) - 'user_id'), '[]')
                           FROM ttfd.award_windows w
                           LEFT JOIN ttfd.event_types t ON t.name = w.event_type
                           LEFT JOIN ttfd.games g ON 'game:' || g.name = w.event_type
                          WHERE w.user_id = ANY (p_user_ids)
                            AND w.starts_at + make_interval(secs => CASE WHEN w.is_daily THEN 86400
                                                                            WHEN w.event_type = 'work' THEN ttfd.read_setting('work_cooldown_seconds')
                                                                            ELSE coalesce(t.cooldown_seconds, g.cooldown_seconds) END)
                                > ttfd.current_time()),
             'transfers', (SELECT coalesce(jsonb_agg(to_jsonb(t) - 'user_id'), '[]')
                             FROM ttfd.transfer_days t
                            WHERE t.user_id = ANY (p_user_ids) AND t.day >= (ttfd.current_time() AT TIME ZONE 'UTC')::date))
      FROM ttfd.unified_users u
     WHERE u.id = ANY (p_user_ids));
END;
$$;

COMMENT ON FUNCTION ttfd.collect_limits(bigint[]) IS
  'What a member must not get twice: the last daily claim, highest_rank_id (rewards up to it are paid), the achievements that are paid, the award windows that are open, and the coins sent today.';

-- sql/functions/internal/continue_streak.sql
-- A freeze that would not save the streak is kept.
CREATE OR REPLACE FUNCTION ttfd.continue_streak(p_user ttfd.unified_users, p_missed_days integer)
RETURNS TABLE (streak integer, freezes_used integer, freezes smallint, bonus numeric)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_missed_days <= p_user.streak_freezes THEN
    streak := p_user.daily_streak + 1;
    freezes_used := p_missed_days;
  ELSE
    streak := 1;
    freezes_used := 0;
  END IF;
  freezes := p_user.streak_freezes - freezes_used;
  IF streak % ttfd.read_setting('daily_freeze_days') = 0 AND freezes < ttfd.read_setting('daily_freezes_max') THEN
    freezes := freezes + 1;
  END IF;
  bonus := least(ttfd.read_setting('daily_streak_bonus') * (streak - 1), ttfd.read_setting('daily_streak_bonus_max'));
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.continue_streak(ttfd.unified_users, integer) IS
  'The streak after a daily claim, the freezes it used and those that are left, and the bonus in percent.';

-- sql/functions/internal/count_above.sql
CREATE OR REPLACE FUNCTION ttfd.count_above(
  p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint, OUT above bigint, OUT listed bigint)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
  CASE p_metric
    WHEN 'xp' THEN
      SELECT c.* INTO above, listed FROM ttfd.count_xp_above(p_value, p_since, p_user_id) c;
    ELSE
      SELECT c.* INTO above, listed FROM ttfd.count_scores_above(p_metric, p_value, p_since, p_user_id) c;
  END CASE;
END;
$$;

COMMENT ON FUNCTION ttfd.count_above(text, bigint, timestamptz, bigint) IS
  'How many members stand above a value of a metric, or among equals have reached it first, and how many are on the leaderboard.';

-- sql/functions/internal/count_moves.sql
-- Most moves stay within their 64 XP: what cancels out in one step never reaches the next.
-- The nodes are those of count_nodes. Whoever calls this holds
-- feed_head, so writers do not wait here, and a node that is not there is made by nobody else.
CREATE OR REPLACE FUNCTION ttfd.count_moves(p_xp bigint[], p_members bigint[], p_board integer DEFAULT 0)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH fine AS (
    SELECT m.xp, sum(m.members)::bigint AS members
      FROM unnest(p_xp, p_members) m (xp, members)
     GROUP BY m.xp
    HAVING sum(m.members) <> 0
  ), coarse AS (
    SELECT f.xp >> 6 AS xp, sum(f.members)::bigint AS members FROM fine f GROUP BY f.xp >> 6 HAVING sum(f.members) <> 0
  ), coarser AS (
    SELECT c.xp >> 6 AS xp, sum(c.members)::bigint AS members FROM coarse c GROUP BY c.xp >> 6 HAVING sum(c.members) <> 0
  ), branches AS (
    SELECT f.xp >> 6 << 4 AS node, (f.xp & 63)::integer + 1 AS branch, f.members FROM fine f
     UNION ALL
    SELECT c.xp >> 6 << 4 | 1, (c.xp & 63)::integer + 1, c.members FROM coarse c
     UNION ALL
    SELECT c.xp >> 6 * (l.level - 1) << 4 | l.level, (c.xp >> 6 * (l.level - 2) & 63)::integer + 1,
           sum(c.members)::bigint
      FROM coarser c
     CROSS JOIN generate_series(2, 10) l (level)
     GROUP BY 1, 2
    HAVING sum(c.members) <> 0
  ), nodes AS MATERIALIZED (
    SELECT b.node, array_agg(b.branch ORDER BY b.branch DESC) AS branches, array_agg(b.members ORDER BY b.branch DESC) AS members
      FROM branches b
     GROUP BY b.node
  ), updated AS (
    UPDATE ttfd.board_counts c SET members = ttfd.add_counts(c.members, n.branches, n.members)
      FROM nodes n
     WHERE c.node = n.node AND c.board = p_board
    RETURNING c.node
  )
  INSERT INTO ttfd.board_counts (node, board, members)
  SELECT n.node, p_board, ttfd.add_counts(array_fill(0, ARRAY[64]), n.branches, n.members)
    FROM nodes n
   WHERE n.node NOT IN (SELECT u.node FROM updated u)
   ORDER BY n.node;
END;
$$;

COMMENT ON FUNCTION ttfd.count_moves(bigint[], bigint[], integer) IS
  'Adds to board_counts how many members came to each value of a board (XP unless told otherwise), or, below zero, left it. Expects feed_head locked.';

-- sql/functions/internal/count_nodes.sql
CREATE OR REPLACE FUNCTION ttfd.count_nodes(p_xp bigint)
RETURNS bigint[]
LANGUAGE sql IMMUTABLE
AS $$
  SELECT ARRAY[p_xp >> 6 << 4, p_xp >> 12 << 4 | 1, p_xp >> 18 << 4 | 2, p_xp >> 24 << 4 | 3, p_xp >> 30 << 4 | 4,
               p_xp >> 36 << 4 | 5, p_xp >> 42 << 4 | 6, p_xp >> 48 << 4 | 7, p_xp >> 54 << 4 | 8, p_xp >> 60 << 4 | 9, 10];
$$;

COMMENT ON FUNCTION ttfd.count_nodes(bigint) IS
  'The nodes of board_counts on the way to an XP, from level 0 up: the XP without the bits of its branch and those below, 16 times, plus the level.';

-- sql/functions/internal/count_owned.sql
CREATE OR REPLACE FUNCTION ttfd.count_owned(p_user_id bigint, p_item text)
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT count(*)
            FROM ttfd.purchases p
           WHERE p.user_id = p_user_id AND p.item = p_item
             AND (p.expires_at IS NULL OR p.expires_at > ttfd.current_time()));
END;
$$;

COMMENT ON FUNCTION ttfd.count_owned(bigint, text) IS 'How many unexpired purchases of an item a member has.';

-- sql/functions/internal/count_scores_above.sql
-- Those whose standing is not settled are taken out of the counts where they stood and put in where they stand. Who has nothing
-- stands in no standings: these members are in the order in which they became members, and in a season they are not on it.
CREATE OR REPLACE FUNCTION ttfd.count_scores_above(
  p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint, OUT above bigint, OUT listed bigint)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
DECLARE
  v_board integer := ttfd.board_number(p_metric);
BEGIN
  SELECT c.above + e.above + n.moved, c.listed + n.come INTO above, listed
    FROM (SELECT coalesce(sum(k.members[(p_value >> 6 * (k.node & 15)::integer & 63)::integer + 2]), 0) AS above,
                 coalesce(sum(k.members[1]) FILTER (WHERE k.node = 10), 0) AS listed
            FROM ttfd.board_counts k
           WHERE k.node = ANY (ttfd.count_nodes(p_value)) AND k.board = v_board) c
   CROSS JOIN (
           SELECT count(*) AS above
             FROM ttfd.standings s
            WHERE s.board = v_board AND s.board <> 0 AND s.minus_value = -p_value
              AND (s.since, s.user_id) < (p_since, p_user_id)) e
   CROSS JOIN (
           SELECT count(*) FILTER (WHERE l.value > 0 AND (-l.value, l.since, l.user_id) < (-p_value, p_since, p_user_id))
                  - count(*) FILTER (WHERE (s.minus_value, s.since, s.user_id) < (-p_value, p_since, p_user_id)) AS moved,
                  count(*) FILTER (WHERE l.value > 0) - count(s.user_id) AS come
             FROM ttfd.list_unsettled(p_metric) l
             LEFT JOIN LATERAL (
                    SELECT o.* FROM ttfd.standings o WHERE o.user_id = l.user_id AND o.board = v_board OFFSET 0) s ON true) n;
  IF p_metric = 'season' THEN
    RETURN;
  END IF;
  IF p_value = 0 THEN
    above := above + (SELECT count(*)
                        FROM ttfd.unified_users u
                       WHERE u.id < p_user_id AND u.is_listed AND ttfd.metric_value(u, p_metric) = 0);
  END IF;
  listed := coalesce((SELECT k.members[1] FROM ttfd.board_counts k WHERE k.node = 10 AND k.board = 0), 0)
            + coalesce((SELECT sum(v.members) FROM ttfd.xp_moves v WHERE v.xp >= 0), 0);
END;
$$;

COMMENT ON FUNCTION ttfd.count_scores_above(text, bigint, timestamptz, bigint) IS
  'How many members stand above a place of the leaderboard by a metric of standings, and how many are on it.';

-- sql/functions/internal/count_transfer.sql
CREATE OR REPLACE FUNCTION ttfd.count_transfer(p_user_id bigint, p_coins bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_today date := (ttfd.current_time() AT TIME ZONE 'UTC')::date;
  v_sent bigint := coalesce((SELECT d.coins FROM ttfd.transfer_days d WHERE d.user_id = p_user_id AND d.day = v_today), 0);
BEGIN
  PERFORM ttfd.check_amount(p_coins, ttfd.read_setting('transfer_minimum'), ttfd.read_setting('transfer_daily_limit') - v_sent);
  INSERT INTO ttfd.transfer_days AS d (user_id, day, coins)
  VALUES (p_user_id, v_today, p_coins)
  ON CONFLICT (user_id, day) DO UPDATE SET coins = d.coins + EXCLUDED.coins;
END;
$$;

COMMENT ON FUNCTION ttfd.count_transfer(bigint, bigint) IS
  'Counts coins towards what a member may send in a UTC day. Expects the user locked. Raises TE003 when it is too little or too much.';

-- sql/functions/internal/count_xp_above.sql
-- At each node on the way who is on the branches to the right; what was not settled yet; and of those with the same XP the
-- ones who were there first. It becomes part of the caller's statement; the callers ask for a plan that does not depend on how
-- many members there are.
CREATE OR REPLACE FUNCTION ttfd.count_xp_above(p_xp bigint, p_since timestamptz, p_user_id bigint)
RETURNS TABLE (above bigint, listed bigint)
LANGUAGE sql STABLE
AS $$
  SELECT (c.above + m.above + e.above)::bigint, (c.listed + m.listed)::bigint
    FROM (SELECT coalesce(sum(n.members[(p_xp >> 6 * (n.node & 15)::integer & 63)::integer + 2]), 0) AS above,
                 coalesce(sum(n.members[1]) FILTER (WHERE n.node = 10), 0) AS listed
            FROM ttfd.board_counts n
           WHERE n.node = ANY (ttfd.count_nodes(p_xp)) AND n.board = 0) c
   CROSS JOIN (
           SELECT coalesce(sum(v.members) FILTER (WHERE v.xp > p_xp), 0) AS above, coalesce(sum(v.members), 0) AS listed
             FROM ttfd.xp_moves v
            WHERE v.xp >= 0) m
   CROSS JOIN (
           SELECT count(*) AS above
             FROM ttfd.xp_standings s
            WHERE s.minus_xp = -p_xp AND (s.since, s.user_id) < (p_since, p_user_id)) e;
$$;

COMMENT ON FUNCTION ttfd.count_xp_above(bigint, timestamptz, bigint) IS
  'How many members stand above a place of the leaderboard by XP, and how many are on it.';

-- sql/functions/internal/create_account.sql
-- Two first contacts at once must make one user: the lock is on the account's name, because there is no row to lock yet.
CREATE OR REPLACE FUNCTION ttfd.create_account(
  p_platform text, p_external_id text, p_username text, p_display_name text)
RETURNS TABLE (user_id bigint, created boolean)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
BEGIN
  PERFORM ttfd.lock_account(p_platform, p_external_id);
  SELECT a.user_id, false INTO user_id, created
    FROM ttfd.platform_accounts a
   WHERE a.platform = p_platform AND a.external_id = p_external_id;
  IF NOT FOUND THEN
    created := true;
    INSERT INTO ttfd.unified_users (username, display_name, primary_platform, platforms, created_at, last_active, xp_since,
                                    telegram_id, discord_id, website_email)
    VALUES (p_username, p_display_name, p_platform, ARRAY[p_platform], ttfd.current_time(), ttfd.current_time(),
            ttfd.current_time(),
            CASE p_platform WHEN 'telegram' THEN p_external_id END,
            CASE p_platform WHEN 'discord' THEN p_external_id END,
            CASE p_platform WHEN 'website' THEN p_external_id END)
    RETURNING id INTO user_id;
    INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, username, display_name, link_method, linked_at)
    VALUES (p_platform, p_external_id, user_id, p_username, p_display_name, 'first_contact', ttfd.current_time());
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.create_account(text, text, text, text) IS
  'A new user with one account, or the user that somebody else created meanwhile. Expects a checked external id.';

-- sql/functions/internal/create_import_members.sql
-- A person whom no accepted record is about, only somebody's contradicted word, is not made a member. Rows are written once
-- and as they shall be, because there may be millions: amounts, rank, what projected_accounts would say of their accounts, and
-- the achievements that show_import_achievements shows to others.
CREATE OR REPLACE FUNCTION ttfd.create_import_members(p_run_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_created bigint;
  v_ranks smallint[];
  v_thresholds bigint[];
BEGIN
  SELECT array_agg(r.id ORDER BY r.rank_xp), array_agg(r.rank_xp ORDER BY r.rank_xp) INTO v_ranks, v_thresholds
    FROM ttfd.list_rank_ranges() r;
  WITH members AS (
    SELECT g.*
      FROM ttfd.list_import_totals(p_run_id) g
     WHERE NOT EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = g.user_id)
  ), goals AS MATERIALIZED (
    SELECT a.name, a.threshold,
           array_position(ARRAY['xp', 'coins', 'messages', 'voice', 'games', 'wins', 'streak'], a.metric) AS metric
      FROM ttfd.achievements a
     WHERE a.is_enabled
     ORDER BY a.sort_order, a.name
  ), shown AS (
    SELECT i.person, array_agg(i.platform) AS platforms, (array_agg(i.platform))[1] AS primary_platform,
           (array_agg(i.username) FILTER (WHERE i.username IS NOT NULL))[1] AS username,
           (array_agg(i.display_name) FILTER (WHERE i.display_name IS NOT NULL))[1] AS display_name,
           min(i.external_id) FILTER (WHERE i.platform = 'telegram') AS telegram_id,
           min(i.external_id) FILTER (WHERE i.platform = 'discord') AS discord_id,
           min(i.external_id) FILTER (WHERE i.platform = 'website') AS website_email
      FROM (SELECT n.*
              FROM ttfd.import_identities n
             WHERE n.run_id = p_run_id AND n.user_id IS NULL
             ORDER BY n.person, coalesce(n.linked_at, v_now), n.platform) i
     GROUP BY i.person
  )
  INSERT INTO ttfd.unified_users
    (id, xp, coins, games_played, games_won, total_voice_time, messages_sent, daily_streak, last_daily, achievements,
     created_at, last_active, xp_since, rank_id, highest_rank_id, rank_xp, next_rank_xp,
     platforms, primary_platform, username, display_name, telegram_id, discord_id, website_email)
  SELECT m.user_id, m.xp, m.coins, m.games_played, m.games_won, m.total_voice_time, m.messages_sent, m.daily_streak,
         m.last_daily,
         m.achievements || ARRAY(
           SELECT g.name FROM goals g WHERE g.threshold <= p.amounts[g.metric] AND g.name <> ALL (m.achievements)),
         coalesce(m.created_at, v_now), coalesce(m.last_active, m.created_at, v_now),
         coalesce(m.last_active, m.created_at, v_now),
         v_ranks[p.place], v_ranks[p.place], v_thresholds[p.place], v_thresholds[p.place + 1],
         CASE WHEN cardinality(s.platforms) > 1 THEN ARRAY(SELECT unnest(s.platforms) ORDER BY 1) ELSE s.platforms END,
         s.primary_platform, s.username, s.display_name, s.telegram_id, s.discord_id, s.website_email
    FROM members m
   CROSS JOIN LATERAL (
           SELECT width_bucket(m.xp, v_thresholds),
                  ARRAY[m.xp, m.coins, m.messages_sent, m.total_voice_time, m.games_played, m.games_won, m.daily_streak]
           OFFSET 0) p (place, amounts)
    JOIN shown s ON s.person = m.user_id
   ORDER BY m.user_id;
  GET DIAGNOSTICS v_created = ROW_COUNT;

  PERFORM ttfd.add_import_accounts(p_run_id, true);
  PERFORM ttfd.add_import_accounts(p_run_id, false);
  RETURN v_created;
END;
$$;

COMMENT ON FUNCTION ttfd.create_import_members(bigint) IS
  'Makes members of the persons of a run who are none yet, with what they gain, and gives every account its row. Returns how many members are new.';

-- sql/functions/internal/current_time.sql
-- The one clock of every rule, so that a test can stand at midnight. Only a member of ttfd_owner can set it
-- (SET ttfd.now = '2026-03-01 12:00Z'); for anybody else the setting has no effect.
CREATE OR REPLACE FUNCTION ttfd.current_time()
RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN coalesce(pg_catalog.current_setting('ttfd.now', true), '') = '' THEN pg_catalog.now()
              WHEN pg_catalog.pg_has_role(ttfd.caller_role(), 'ttfd_owner', 'USAGE')
              THEN pg_catalog.current_setting('ttfd.now')::timestamptz
              ELSE pg_catalog.now()
         END;
$$;

COMMENT ON FUNCTION ttfd.current_time() IS
  'The time that rules go by: the start of the transaction, or the setting ttfd.now of a member of ttfd_owner.';

-- sql/functions/internal/database_origin.sql
-- A dump restored elsewhere has another system or another database; a restore of the files, and a replica that took over,
-- have another timeline. Where a hosting provider keeps these from us, an administrator has to say it.
CREATE OR REPLACE FUNCTION ttfd.database_origin()
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT format('%s/%s/%s', s.system_identifier, d.oid, c.timeline_id)
            FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_database d
           WHERE d.datname = current_database());
EXCEPTION
  WHEN insufficient_privilege THEN
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.database_origin() IS
  'Which database of which server this is, and on which timeline; NULL where that cannot be known.';

-- sql/functions/internal/derive_event_id.sql
-- The first 48 bits are kept: they are the time, and keep the keys of the log in order.
CREATE OR REPLACE FUNCTION ttfd.derive_event_id(p_event_id uuid, p_purpose text)
RETURNS uuid
LANGUAGE sql IMMUTABLE
AS $$
  SELECT (pg_catalog.left(pg_catalog.replace(p_event_id::text, '-', ''), 12)
          || '8' || pg_catalog.left(h.digest, 3) || '8' || pg_catalog.substr(h.digest, 4, 15))::uuid
    FROM (SELECT pg_catalog.encode(pg_catalog.sha256((p_purpose || ' ' || p_event_id)::pg_catalog.bytea), 'hex')) h (digest);
$$;

COMMENT ON FUNCTION ttfd.derive_event_id(uuid, text) IS
  'The id of a second event that belongs to the first, the same at every resend (UUID version 8).';

-- sql/functions/internal/describe_event_error.sql
CREATE OR REPLACE FUNCTION ttfd.describe_event_error(p_sqlstate text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE p_sqlstate
           WHEN 'TU001' THEN 'no such user'
           WHEN 'TU002' THEN 'the platform is unknown or the external id has the wrong form'
           WHEN 'TE001' THEN 'unknown or disabled event type'
           WHEN 'TE002' THEN 'the id was used before, with other content'
           WHEN 'TE003' THEN 'the amount is not allowed or too large'
           WHEN '22004' THEN 'the event id is missing'
           WHEN '22008' THEN 'it lies before 1970 or more than five minutes in the future'
           WHEN '54000' THEN 'its data take more than 64 KiB'
           WHEN '22003' THEN 'a number in data is out of range'
           ELSE 'a value in data is missing or of the wrong type'
         END;
$$;

COMMENT ON FUNCTION ttfd.describe_event_error(text) IS 'The words for an SQLSTATE with which an event is refused.';

-- sql/functions/internal/describe_import_change.sql
CREATE OR REPLACE FUNCTION ttfd.describe_import_change(p_user ttfd.unified_users)
RETURNS jsonb
LANGUAGE sql STABLE
AS $$
  SELECT jsonb_build_object(
           'highest_rank_id', p_user.highest_rank_id, 'daily_streak', p_user.daily_streak, 'last_daily', p_user.last_daily,
           'created_at', p_user.created_at, 'last_active', p_user.last_active, 'achievements', to_jsonb(p_user.achievements),
           'primary_platform', p_user.primary_platform, 'xp_since', p_user.xp_since);
$$;

COMMENT ON FUNCTION ttfd.describe_import_change(ttfd.unified_users) IS
  'What an import changes of a member and cannot be computed back.';

-- sql/functions/internal/desired_roles.sql
-- An account that was unlinked is nobody's and ought to have nothing: what it was given is for others now.
CREATE OR REPLACE FUNCTION ttfd.desired_roles(p_platform text, p_external_ids text[])
RETURNS TABLE (user_id bigint, external_id text, role_ids text[], other_role_ids text[], given_role_ids text[],
               given_at timestamptz[])
LANGUAGE sql STABLE
AS $$
  SELECT a.user_id, i.external_id,
         coalesce(array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE r.is_due), '{}'),
         coalesce(array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE NOT r.is_due), '{}'),
         coalesce(array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE r.given_at IS NOT NULL), '{}'),
         coalesce(array_agg(r.given_at ORDER BY r.role_id) FILTER (WHERE r.given_at IS NOT NULL), '{}')
    FROM unnest(p_external_ids) i (external_id)
    LEFT JOIN ttfd.platform_accounts a ON a.platform = p_platform AND a.external_id = i.external_id
    LEFT JOIN ttfd.unified_users u ON u.id = a.user_id
    LEFT JOIN LATERAL (
           SELECT w.role_id, g.given_at, bool_or(w.is_due) IS TRUE AS is_due
             FROM (SELECT k.role_id, u.rank_id BETWEEN k.rank_id AND coalesce(k.last_rank_id, u.rank_id)
                                     OR k.achievement = ANY (u.achievements)
                     FROM ttfd.role_rewards k
                    WHERE k.platform = p_platform
                    UNION ALL
                   SELECT s.effect -> 'role' ->> p_platform, false FROM ttfd.shop_items s WHERE s.effect -> 'role' ? p_platform
                    UNION ALL
                   SELECT b.effect -> 'role' ->> p_platform,
                          b.starts_at <= ttfd.current_time() AND coalesce(b.expires_at, 'infinity') > ttfd.current_time()
                     FROM ttfd.purchases b
                    WHERE b.user_id = u.id AND b.effect -> 'role' ? p_platform) w (role_id, is_due)
             LEFT JOIN ttfd.given_roles g
                    ON (g.platform, g.external_id, g.role_id) = (p_platform, i.external_id, w.role_id)
            WHERE (u.id IS NOT NULL OR g.role_id IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM ttfd.removed_roles m
                               WHERE m.platform = p_platform AND m.external_id = i.external_id AND m.role_id = w.role_id)
            GROUP BY w.role_id, g.given_at) r ON true
   WHERE a.user_id IS NOT NULL OR r.role_id IS NOT NULL
   GROUP BY a.user_id, i.external_id;
$$;

COMMENT ON FUNCTION ttfd.desired_roles(text, text[]) IS
  'Roles that accounts of a platform ought to have, those that are for others, and those of both that they were given, with the time; none names what was removed by hand.';

-- sql/functions/internal/digest_account.sql
CREATE OR REPLACE FUNCTION ttfd.digest_account(p_key bytea, p_platform text, p_external_id text)
RETURNS bytea
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.sha256(p_key || pg_catalog.convert_to(p_platform || ' ' || p_external_id, 'UTF8'));
$$;

COMMENT ON FUNCTION ttfd.digest_account(bytea, text, text) IS
  'By what a forgotten account is known again, given the key of forgetting_key.';

-- sql/functions/internal/draw_result.sql
-- Drawn by the server, as the pay for work is: whoever called could otherwise draw until it pleases.
CREATE OR REPLACE FUNCTION ttfd.draw_result(
  p_game ttfd.games, p_choice integer, p_bet bigint, p_question_id integer,
  OUT drawn bigint, OUT won boolean, OUT coins bigint)
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF p_game.asks_questions THEN
    drawn := (SELECT q.answer FROM ttfd.quiz_questions q WHERE q.id = p_question_id);
  ELSIF p_game.choices IS NOT NULL THEN
    drawn := 1 + floor(random() * p_game.choices)::bigint;
  ELSE
    drawn := p_game.prizes[1 + floor(random() * cardinality(p_game.prizes))::integer];
    won := drawn > 0;
    coins := drawn;
    RETURN;
  END IF;
  IF drawn IS NULL OR p_choice IS NULL OR p_choice < 1 OR p_choice > p_game.choices THEN
    RAISE EXCEPTION 'the game "%" needs a choice that it knows', p_game.name
      USING ERRCODE = 'invalid_parameter_value', HINT = 'list_games says from what to choose; draw_question has questions.';
  END IF;
  won := p_choice = drawn;
  coins := CASE WHEN won THEN p_bet * p_game.factor ELSE 0 END;
END;
$$;

COMMENT ON FUNCTION ttfd.draw_result(ttfd.games, integer, bigint, integer) IS
  'How a game ends: the number (of an option, or of coins) that was drawn, whether it wins, and the coins to pay. Raises 22023.';

-- sql/functions/internal/draw_setting.sql
CREATE OR REPLACE FUNCTION ttfd.draw_setting(p_name text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_from bigint;
  v_to bigint;
BEGIN
  SELECT (s.value ->> 0)::bigint, (s.value ->> 1)::bigint INTO STRICT v_from, v_to
    FROM ttfd.settings s
   WHERE s.name = p_name;
  RETURN v_from + floor(random() * (v_to - v_from + 1))::bigint;
END;
$$;

COMMENT ON FUNCTION ttfd.draw_setting(text) IS 'A random whole number from the range that a setting has, both ends included.';

-- sql/functions/internal/drop_accounts.sql
CREATE OR REPLACE FUNCTION ttfd.drop_accounts(p_listed jsonb, p_accounts ttfd.platform_accounts[])
RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
  SELECT coalesce(jsonb_agg(e.entry ORDER BY e.place), '[]')
    FROM jsonb_array_elements(p_listed) WITH ORDINALITY e (entry, place)
   WHERE NOT EXISTS (SELECT 1
                       FROM unnest(p_accounts) a
                      WHERE a.platform = e.entry ->> 'platform' AND a.external_id = e.entry ->> 'external_id');
$$;

COMMENT ON FUNCTION ttfd.drop_accounts(jsonb, ttfd.platform_accounts[]) IS
  'A JSON array of objects with platform and external_id without those of the given accounts.';

-- sql/functions/internal/drop_secrets.sql
CREATE OR REPLACE FUNCTION ttfd.drop_secrets(p_rows jsonb)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
  SELECT coalesce(jsonb_agg(r.entry - ARRAY(SELECT k.name FROM jsonb_object_keys(r.entry) k (name)
                                             WHERE k.name ~ '(^|_)(hash|digest|secret|key)$')
                            ORDER BY r.place), '[]')
    FROM jsonb_array_elements(p_rows) WITH ORDINALITY r (entry, place);
$$;

COMMENT ON FUNCTION ttfd.drop_secrets(jsonb) IS 'Rows as a JSON array without columns that are named like a secret.';

-- sql/functions/internal/end_voice.sql
-- The session goes with its account, so what it has counted is queued while the account still says whose it is.
CREATE OR REPLACE FUNCTION ttfd.end_voice(p_account ttfd.platform_accounts)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH ending AS (
    SELECT s.platform, s.external_id, ttfd.accrue_voice(s, NULL, s.is_idle, ttfd.current_time()) AS a
      FROM ttfd.voice_sessions s
     WHERE s.platform = p_account.platform AND s.external_id = p_account.external_id
       FOR UPDATE
  )
  UPDATE ttfd.voice_sessions s
     SET seconds = (e.a).seconds, idle_seconds = (e.a).idle_seconds, seen_at = (e.a).seen_at
    FROM ending e
   WHERE s.platform = e.platform AND s.external_id = e.external_id;
  PERFORM ttfd.queue_voice(p_account.platform, ARRAY[p_account.external_id]);
END;
$$;

COMMENT ON FUNCTION ttfd.end_voice(ttfd.platform_accounts) IS
  'Queues the time in voice of an account that is about to go, for the user who has it.';

-- sql/functions/internal/explain_import_time.sql
CREATE OR REPLACE FUNCTION ttfd.explain_import_time(p_name text, p_value text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  IF p_value = '' THEN
    RETURN NULL;
  END IF;
  IF p_value ~ ('^(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
                || '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?( ?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?))?)?$')
    AND substr(p_value, 9, 2)::integer
        <= extract(day FROM make_date(substr(p_value, 1, 4)::integer, substr(p_value, 6, 2)::integer, 1)
                            + INTERVAL '1 month - 1 day')
  THEN
    RETURN NULL;
  END IF;
  RETURN p_name || ' is no time stamp: ' || left(p_value, 40);
END;
$$;

COMMENT ON FUNCTION ttfd.explain_import_time(text, text) IS
  'What is wrong with a legacy time, or NULL when it is missing, empty or ISO 8601.';

-- sql/functions/internal/export_mentions.sql
-- What is about a member without naming the user id: it names an account.
CREATE OR REPLACE FUNCTION ttfd.export_mentions(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN jsonb_build_object(
    'import_rows', (
      SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.id), '[]')
        FROM ttfd.import_rows r
       WHERE EXISTS (SELECT 1
                       FROM ttfd.stated_accounts(r.platform, r.record) s
                       JOIN unnest(p_accounts) a ON (a.platform, a.external_id) = (s.platform, s.external_id))),
    'import_conflicts', (
      SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.id), '[]')
        FROM ttfd.import_conflicts c
       WHERE EXISTS (SELECT 1 FROM unnest(p_accounts) a WHERE (a.platform, a.external_id) = (c.platform, c.external_id))
          OR c.candidates <> ttfd.drop_accounts(c.candidates, p_accounts)),
    'forgotten_accounts', (
      SELECT coalesce(jsonb_agg(to_jsonb(f) - 'account_digest'), '[]')
        FROM ttfd.forgotten_accounts f
        JOIN unnest(p_accounts) a ON true
        JOIN ttfd.forgetting_key k ON f.account_digest = ttfd.digest_account(k.key, a.platform, a.external_id)),
    'given_roles', (
      SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')
        FROM ttfd.given_roles r
        JOIN unnest(p_accounts) a ON (r.platform, r.external_id) = (a.platform, a.external_id)),
    'removed_roles', (
      SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')
        FROM ttfd.removed_roles r
        JOIN unnest(p_accounts) a ON (r.platform, r.external_id) = (a.platform, a.external_id)),
    'account_preferences', (
      SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')
        FROM ttfd.account_preferences r
        JOIN unnest(p_accounts) a ON (r.platform, r.external_id) = (a.platform, a.external_id)),
    'voice_sessions', (
      SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')
        FROM ttfd.voice_sessions r
        JOIN unnest(p_accounts) a ON (r.platform, r.external_id) = (a.platform, a.external_id)),
    -- What the member did as an administrator is there without before and after: those are somebody else's.
    'audit_log', (
      SELECT coalesce(jsonb_agg(CASE WHEN a.id IS NULL THEN to_jsonb(l) - ARRAY['before', 'after'] ELSE to_jsonb(l) END
                                ORDER BY l.id), '[]')
        FROM ttfd.audit_log l
        LEFT JOIN ttfd.list_audit_lines(p_user_ids, p_accounts) a ON a.id = l.id
       WHERE a.id IS NOT NULL OR l.on_behalf_of = ANY (p_user_ids)));
END;
$$;

COMMENT ON FUNCTION ttfd.export_mentions(bigint[], ttfd.platform_accounts[]) IS
  'Legacy records, import conflicts, remembered limits, roles that were given or taken by hand, preferences, time in voice, audit lines that are about a member, and those of what the member did as an administrator.';

-- sql/functions/internal/fail_event.sql
-- An event that was granted already has its place in the ledger and never leaves it: that error is raised again.
CREATE OR REPLACE FUNCTION ttfd.fail_event(p_row tid, p_sqlstate text, p_message text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH taken AS (
    DELETE FROM ttfd.cross_platform_events_pending WHERE ctid = p_row AND xp IS NULL
    RETURNING *
  )
  INSERT INTO ttfd.failed_events
    (id, seq, user_id, event_type, source_platform, data, occurred_at, created_at, sqlstate, message)
  SELECT id, seq, user_id, event_type, source_platform, data, occurred_at, created_at, p_sqlstate, p_message
    FROM taken
  ON CONFLICT (id) DO UPDATE SET sqlstate = EXCLUDED.sqlstate, message = EXCLUDED.message, failed_at = EXCLUDED.failed_at;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.fail_event(tid, text, text) IS 'Moves a pending event to failed_events.';

-- sql/functions/internal/find_boost.sql
CREATE OR REPLACE FUNCTION ttfd.find_boost(p_user_id bigint, p_event_type text, p_platform text, p_at timestamptz)
RETURNS numeric
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT max(b.factor)
            FROM ttfd.boosts b
           WHERE p_at >= b.starts_at AND p_at < b.ends_at
             AND (b.event_types IS NULL OR p_event_type = ANY (b.event_types))
             AND (b.platforms IS NULL OR p_platform = ANY (b.platforms))
             AND (b.user_id IS NULL OR b.user_id = p_user_id));
END;
$$;

COMMENT ON FUNCTION ttfd.find_boost(bigint, text, text, timestamptz) IS
  'The greatest factor that applies to an event; NULL when none does.';

-- sql/functions/internal/find_first_outcome.sql
-- What such an event grants is worked out here, not sent; so a resend is known by what the caller did send, which is a part
-- of data. It is looked for before anything is judged: coins that were spent the first time may be missing by now.
CREATE OR REPLACE FUNCTION ttfd.find_first_outcome(
  p_event_id uuid, p_user_id bigint, p_event_type text, p_platform text, p_request jsonb)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_data jsonb;
BEGIN
  PERFORM ttfd.require_read_committed();
  IF p_event_id IS NULL THEN
    PERFORM ttfd.raise_event_error('22004', p_event_id, p_event_type);
  END IF;
  IF NOT ttfd.is_known_event(p_event_id) THEN
    RETURN NULL;
  END IF;
  SELECT e.data INTO v_data FROM ttfd.cross_platform_events e WHERE e.id = p_event_id;
  RETURN ttfd.find_outcome(p_event_id, p_user_id, p_event_type, p_platform,
                           CASE WHEN v_data @> p_request THEN v_data ELSE p_request END, NULL);
END;
$$;

COMMENT ON FUNCTION ttfd.find_first_outcome(uuid, bigint, text, text, jsonb) IS
  'The outcome of an event that was sent before; NULL when it is new. The user has to be locked. Raises TE002 when its content differs, 22004 without an id, 0A000 under another isolation than READ COMMITTED.';

-- sql/functions/internal/find_link_code.sql
-- The one way to a code, so that looking at what it would do is no cheaper than redeeming it. Whatever is wrong with a
-- code, the answer is the same; only the count of guesses tells a used code from one that never was.
CREATE OR REPLACE FUNCTION ttfd.find_link_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (refusal text, code_hash bytea, user_id bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_account_hash bytea := sha256(convert_to(p_platform || ' ' || p_external_id, 'UTF8'));
BEGIN
  PERFORM ttfd.lock_account(p_platform, p_external_id);
  code_hash := ttfd.hash_link_code(p_code);
  IF ttfd.is_link_locked(p_platform, v_account_hash) THEN
    refusal := 'locked';
  ELSE
    SELECT a.user_id INTO user_id
      FROM ttfd.link_codes c
      JOIN ttfd.platform_accounts a ON a.platform = c.platform AND a.external_id = c.external_id
     WHERE c.code_hash = find_link_code.code_hash AND c.used_at IS NULL AND c.expires_at > v_now
       AND (c.platform, c.external_id) <> (p_platform, p_external_id);
    IF NOT FOUND THEN
      refusal := 'invalid';
      DELETE FROM ttfd.link_failures f
       WHERE f.ctid IN (SELECT o.ctid FROM ttfd.link_failures o WHERE o.failed_at <= v_now - INTERVAL '15 minutes'
                         LIMIT 100 FOR UPDATE SKIP LOCKED);
      INSERT INTO ttfd.link_failures (platform, account_hash, failed_at, is_guess)
      SELECT p_platform, v_account_hash, v_now,
             NOT EXISTS (SELECT 1 FROM ttfd.link_codes c WHERE c.code_hash = find_link_code.code_hash);
    END IF;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.find_link_code(text, text, text) IS
  'Who made a link code, for the account that sends it; or why it is refused: locked, invalid. Counts the failure.';

-- sql/functions/internal/find_outcome.sql
CREATE OR REPLACE FUNCTION ttfd.find_outcome(
  p_event_id uuid, p_user_id bigint, p_event_type text, p_platform text, p_data jsonb, p_occurred_at timestamptz)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_first record;
  v_outcome ttfd.event_outcome;
BEGIN
  SELECT k.* INTO v_first
    FROM (SELECT e.id, e.user_id, e.event_type, e.source_platform, e.data, e.occurred_at, e.xp, e.coins, e.note, e.rank_id
            FROM ttfd.cross_platform_events e
           WHERE e.id = p_event_id
           UNION ALL
          SELECT f.id, f.user_id, f.event_type, f.source_platform, f.data, f.occurred_at, 0, 0, 'failed', NULL
            FROM ttfd.failed_events f
           WHERE f.id = p_event_id) k
   LIMIT 1;
  IF NOT FOUND THEN
    -- Compacted: all that is known of it is that it was applied.
    SELECT p_event_id, u.id, 'duplicate', NULL, NULL, 'compacted', u.xp, u.coins, u.rank_id, false INTO v_outcome
      FROM ttfd.unified_users u
     WHERE u.id = p_user_id;
    RETURN v_outcome;
  END IF;
  IF (v_first.event_type, v_first.source_platform, v_first.data) IS DISTINCT FROM (p_event_type, p_platform, p_data)
     OR p_user_id IS DISTINCT FROM (SELECT coalesce(u.merged_into, u.id) FROM ttfd.unified_users u WHERE u.id = v_first.user_id)
     OR p_occurred_at <> v_first.occurred_at THEN
    PERFORM ttfd.raise_event_error('TE002', p_event_id, p_event_type);
  END IF;
  SELECT v_first.id, u.id, 'duplicate', v_first.xp, v_first.coins, v_first.note, u.xp, u.coins, u.rank_id,
         v_first.rank_id IS NOT NULL
    INTO v_outcome
    FROM ttfd.unified_users u
   WHERE u.id = p_user_id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.find_outcome(uuid, bigint, text, text, jsonb, timestamptz) IS
  'The outcome of an event that was sent before; note is failed where it could not be applied, compacted where nothing more is known. Raises TE002 when its content differs.';

-- sql/functions/internal/find_own_account.sql
-- A code belongs to an account, and on the website a member is known without one: the account that was there first does.
CREATE OR REPLACE FUNCTION ttfd.find_own_account(p_user_id bigint)
RETURNS ttfd.platform_accounts
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_account ttfd.platform_accounts;
BEGIN
  IF NOT ttfd.is_logged_in(p_user_id) THEN
    RAISE EXCEPTION 'user % is not logged in', p_user_id
      USING ERRCODE = 'TP001', HINT = 'Only the website, and only for whom it has a session.';
  END IF;
  SELECT a.* INTO v_account
    FROM ttfd.platform_accounts a
   WHERE a.user_id = p_user_id
   ORDER BY a.linked_at, a.platform
   LIMIT 1;
  RETURN v_account;
END;
$$;

COMMENT ON FUNCTION ttfd.find_own_account(bigint) IS
  'The oldest account of a member who is logged in to the website. Raises TP001 when the caller is not the website or the member not logged in.';

-- sql/functions/internal/find_owner.sql
CREATE OR REPLACE FUNCTION ttfd.find_owner(p_platform text, p_external_id text)
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT a.user_id FROM ttfd.platform_accounts a WHERE a.platform = p_platform AND a.external_id = p_external_id);
END;
$$;

COMMENT ON FUNCTION ttfd.find_owner(text, text) IS
  'The user behind a platform account, NULL when there is none. Expects a checked external id.';

-- sql/functions/internal/find_place.sql
-- Almost nobody was merged, so one probe finds almost everybody.
CREATE OR REPLACE FUNCTION ttfd.find_place(
  p_user_id bigint, p_metric text, OUT user_id bigint, OUT value bigint, OUT since timestamptz)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_is_listed boolean;
  v_season_id integer;
BEGIN
  SELECT u.id, u.is_listed, ttfd.metric_value(u, p_metric), u.xp_since
    INTO user_id, v_is_listed, value, since
    FROM ttfd.unified_users u
   WHERE u.id = p_user_id AND u.merged_into IS NULL AND u.forgotten_at IS NULL;
  IF NOT FOUND THEN
    SELECT p.* INTO user_id, value, since FROM ttfd.find_place((ttfd.find_survivor(p_user_id)).id, p_metric) p;
    RETURN;
  END IF;
  IF p_metric = 'season' THEN
    v_season_id := ttfd.running_season();
    SELECT s.xp, s.reached_at INTO value, since
      FROM ttfd.list_season_players(v_season_id) s
     WHERE s.user_id = find_place.user_id;
    value := coalesce(value, 0);
  ELSIF value = 0 AND p_metric <> 'xp' THEN
    since := TIMESTAMPTZ 'epoch';
  ELSIF p_metric <> 'xp' THEN
    since := coalesce(
      (SELECT l.since FROM ttfd.list_unsettled(p_metric) l WHERE l.user_id = find_place.user_id),
      (SELECT s.since
         FROM ttfd.standings s
        WHERE s.user_id = find_place.user_id AND s.board = ttfd.board_number(p_metric)));
  END IF;
  IF NOT v_is_listed THEN
    since := NULL;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.find_place(bigint, text) IS
  'A member, or whom it was merged into, with the value by a metric, and since when; NULL when the member is not on this leaderboard. Raises TU001 when there is no such user, or it was forgotten.';

-- sql/functions/internal/find_rank.sql
CREATE OR REPLACE FUNCTION ttfd.find_rank(p_xp bigint)
RETURNS TABLE (id smallint, rank_xp bigint, next_rank_xp bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT r.id,
         r.required_xp,
         (SELECT min(n.required_xp) FROM ttfd.ranks n WHERE n.required_xp > r.required_xp)
    FROM ttfd.ranks r
   WHERE r.required_xp <= p_xp
   ORDER BY r.required_xp DESC
   LIMIT 1;
$$;

COMMENT ON FUNCTION ttfd.find_rank(bigint) IS 'The rank that an amount of XP holds, with its threshold and the next one.';

-- sql/functions/internal/find_rule.sql
CREATE OR REPLACE FUNCTION ttfd.find_rule(p_event_type text, p_at timestamptz)
RETURNS ttfd.event_type_versions
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT v
            FROM ttfd.event_type_versions v
           WHERE v.name = p_event_type AND v.valid_from <= p_at AND v.valid_to > p_at);
END;
$$;

COMMENT ON FUNCTION ttfd.find_rule(text, timestamptz) IS
  'The rule of an event type that held at a time; all NULL when there was none.';

-- sql/functions/internal/find_season.sql
-- Events count for seasons with or without a worker: whoever comes first after the end of one starts the next. Members are
-- locked before this is called, because two who start the same season wait for each other.
CREATE OR REPLACE FUNCTION ttfd.find_season(p_at timestamptz)
RETURNS ttfd.seasons
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_season ttfd.seasons := (SELECT s FROM ttfd.seasons s WHERE s.starts_at <= p_at AND s.ends_at > p_at AND s.closed_at IS NULL);
BEGIN
  IF v_season.id IS NULL AND EXISTS (SELECT 1 FROM ttfd.seasons) THEN
    PERFORM ttfd.turn_seasons(p_at);
    -- Somebody else may have started it since we looked.
    v_season := (SELECT s FROM ttfd.seasons s WHERE s.starts_at <= p_at AND s.ends_at > p_at AND s.closed_at IS NULL);
  END IF;
  RETURN v_season;
END;
$$;

COMMENT ON FUNCTION ttfd.find_season(timestamptz) IS 'The season of a time, started if it is due; all NULL when there is none.';

-- sql/functions/internal/find_season_reward.sql
CREATE OR REPLACE FUNCTION ttfd.find_season_reward(p_season_id integer, p_place bigint)
RETURNS TABLE (xp bigint, coins bigint)
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(max(r.xp), 0), coalesce(max(r.coins), 0)
    FROM (SELECT w.xp, w.coins
            FROM ttfd.season_rewards w
           WHERE p_place BETWEEN w.from_place AND w.to_place
             AND CASE WHEN EXISTS (SELECT 1 FROM ttfd.season_rewards o WHERE o.season_id = p_season_id)
                      THEN w.season_id = p_season_id ELSE w.season_id IS NULL END
           ORDER BY w.from_place DESC
           LIMIT 1) r;
$$;

COMMENT ON FUNCTION ttfd.find_season_reward(integer, bigint) IS 'What a place in a season earns.';

-- sql/functions/internal/find_survivor.sql
-- Almost nobody was merged, so one probe finds almost everybody.
CREATE OR REPLACE FUNCTION ttfd.find_survivor(p_user_id bigint)
RETURNS ttfd.unified_users
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_user ttfd.unified_users;
BEGIN
  SELECT u.* INTO v_user FROM ttfd.unified_users u WHERE u.id = p_user_id;
  IF v_user.merged_into IS NOT NULL THEN
    SELECT u.* INTO v_user FROM ttfd.unified_users u WHERE u.id = v_user.merged_into;
  END IF;
  IF v_user.id IS NULL OR v_user.forgotten_at IS NOT NULL THEN
    PERFORM ttfd.raise_unknown_user(p_user_id);
  END IF;
  RETURN v_user;
END;
$$;

COMMENT ON FUNCTION ttfd.find_survivor(bigint) IS
  'A member, or whom it was merged into, without a lock. Raises TU001 when there is no such user, or it was forgotten.';

-- sql/functions/internal/fold_external_id.sql
CREATE OR REPLACE FUNCTION ttfd.fold_external_id(p_platform ttfd.platforms, p_external_id text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_platform.folds_case THEN pg_catalog.lower(pg_catalog.btrim(p_external_id))
              ELSE pg_catalog.btrim(p_external_id) END;
$$;

COMMENT ON FUNCTION ttfd.fold_external_id(ttfd.platforms, text) IS 'A legacy external id as it would be stored.';

-- sql/functions/internal/fold_name.sql
-- Two names are the same when they differ in nothing that trim_name takes away.
-- The last three placeholders are the Russian words for unknown (twice) and anonymous; migrations are plain ASCII, because
-- yoyo reads them in the encoding of the machine. Said twice, so that PostgreSQL can put it in the place of each call.
CREATE OR REPLACE FUNCTION ttfd.fold_name(p_name text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN ttfd.trim_name(p_name) <> ALL (ARRAY[
                '', 'unknown', 'none', 'null', 'undefined', 'anonymous', 'deleted user', 'deleted account',
                E'\u043d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u043e',
                E'\u043d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u044b\u0439',
                E'\u0430\u043d\u043e\u043d\u0438\u043c'])
              THEN ttfd.trim_name(p_name) END;
$$;

COMMENT ON FUNCTION ttfd.fold_name(text) IS 'A username as it is compared (NFKC, lower case, no @); NULL for a placeholder.';

-- sql/functions/internal/follow_import_links.sql
-- Persons are the connected groups of accounts: each takes the lowest number among those it is linked to, until nothing
-- moves (groups are small, so that is a few rounds). A group that cannot be one member falls apart again.
CREATE OR REPLACE FUNCTION ttfd.follow_import_links(p_run_id bigint, p_kind text, p_reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off
AS $$
BEGIN
  INSERT INTO ttfd.import_groups (run_id, home, person)
  SELECT p_run_id, e.home, min(least(l.person, l.to_person))
    FROM ttfd.import_links l
   CROSS JOIN LATERAL (VALUES (l.person), (l.to_person)) e (home)
   WHERE l.run_id = p_run_id AND l.kind = p_kind AND l.is_new
   GROUP BY e.home;
  LOOP
    UPDATE ttfd.import_groups g
       SET person = n.person
      FROM (SELECT greatest(one.person, other.person) AS was, min(least(one.person, other.person)) AS person
              FROM ttfd.import_links l
              JOIN ttfd.import_groups one ON one.run_id = p_run_id AND one.home = l.person
              JOIN ttfd.import_groups other ON other.run_id = p_run_id AND other.home = l.to_person
             WHERE l.run_id = p_run_id AND l.kind = p_kind AND l.is_new AND one.person <> other.person
             GROUP BY 1) n
     WHERE g.run_id = p_run_id AND g.person = n.was;
    EXIT WHEN NOT FOUND;
  END LOOP;

  UPDATE ttfd.import_groups g
     SET is_refused = true, has_two_users = b.has_two_users
    FROM (SELECT p.person, coalesce(min(p.first_user) < max(p.last_user), false) AS has_two_users
            FROM (SELECT m.person, i.platform, count(*) AS accounts, min(i.user_id) AS first_user, max(i.user_id) AS last_user
                    FROM ttfd.import_groups m
                    JOIN ttfd.import_identities i ON i.run_id = p_run_id AND i.person = m.home
                   WHERE m.run_id = p_run_id
                   GROUP BY m.person, i.platform) p
           GROUP BY p.person
          HAVING max(p.accounts) > 1 OR min(p.first_user) < max(p.last_user)) b
   WHERE g.run_id = p_run_id AND g.person = b.person;
  IF FOUND THEN
    PERFORM ttfd.refuse_import_links(p_run_id, p_kind, p_reason);
  END IF;

  UPDATE ttfd.import_identities i
     SET person = g.person
    FROM ttfd.import_groups g
   WHERE i.run_id = p_run_id AND g.run_id = p_run_id AND i.person = g.home AND g.person <> g.home AND NOT g.is_refused;

  DELETE FROM ttfd.import_groups g WHERE g.run_id = p_run_id;
END;
$$;

COMMENT ON FUNCTION ttfd.follow_import_links(bigint, text, text) IS
  'Groups accounts into persons along the links of a kind; groups with two accounts on a platform, or two members, become conflicts.';

-- sql/functions/internal/forget_audit.sql
-- What was done stays; who it was done to is blacked out, in the lines that are about the member and in no other.
CREATE OR REPLACE FUNCTION ttfd.forget_audit(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_names text[] := ARRAY(SELECT DISTINCT n.name
                            FROM unnest(p_accounts) a
                           CROSS JOIN LATERAL (VALUES (a.external_id), (a.username), (a.display_name)) n (name)
                           WHERE n.name <> '');
BEGIN
  UPDATE ttfd.audit_log l
     SET before = ttfd.redact(l.before - 'reason', v_names), after = ttfd.redact(l.after - 'reason', v_names)
    FROM ttfd.list_audit_lines(p_user_ids, p_accounts) about
   WHERE l.id = about.id;
END;
$$;

COMMENT ON FUNCTION ttfd.forget_audit(bigint[], ttfd.platform_accounts[]) IS
  'Blacks out a member''s names and external ids, and erases reasons, in the lines of the audit log that are about the member.';

-- sql/functions/internal/forget_events.sql
-- What waits is applied first, so that nothing personal is left in the queue and the limits count all of it.
CREATE OR REPLACE FUNCTION ttfd.forget_events(p_user_ids bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_rows tid[] := ARRAY(SELECT e.ctid FROM ttfd.cross_platform_events_pending e WHERE e.user_id = ANY (p_user_ids));
BEGIN
  IF v_rows <> '{}' THEN
    PERFORM ttfd.process_batch(v_rows);
    PERFORM pg_notify('ttfd_feed', '');
  END IF;
  UPDATE ttfd.cross_platform_events_processed e
     SET data = ttfd.strip_data(e.data)
   WHERE e.user_id = ANY (p_user_ids) AND e.data <> ttfd.strip_data(e.data);
  UPDATE ttfd.failed_events f
     SET data = ttfd.strip_data(f.data), message = ttfd.describe_event_error(f.sqlstate),
         discard_reason = CASE WHEN f.discarded_at IS NOT NULL THEN 'forgotten' END
   WHERE f.user_id = ANY (p_user_ids);
END;
$$;

COMMENT ON FUNCTION ttfd.forget_events(bigint[]) IS
  'Applies the pending events of members and keeps only amounts in the data of all. Expects feed_head and the members to be locked.';

-- sql/functions/internal/forget_import.sql
-- The sums stay, because opening balances are proved by them; what led to a person goes.
CREATE OR REPLACE FUNCTION ttfd.forget_import(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.import_balances b
     SET external_id = 'forgotten ' || gen_random_uuid()
   WHERE b.user_id = ANY (p_user_ids);

  DELETE FROM ttfd.import_changes c WHERE c.user_id = ANY (p_user_ids);

  WITH gone AS (
    DELETE FROM ttfd.import_rows r
     WHERE EXISTS (SELECT 1
                     FROM ttfd.stated_accounts(r.platform, r.record) s
                     JOIN unnest(p_accounts) a ON (a.platform, a.external_id) = (s.platform, s.external_id))
    RETURNING r.run_id, r.source, r.source_key
  ), listed AS (
    SELECT g.run_id, jsonb_agg(jsonb_build_object('source', g.source, 'source_key', g.source_key)) AS records
      FROM gone g
     GROUP BY g.run_id
  )
  UPDATE ttfd.import_runs r
     SET report = jsonb_set(r.report, '{rejected}', (
           SELECT coalesce(jsonb_agg(e.entry ORDER BY e.place), '[]')
             FROM jsonb_array_elements(r.report -> 'rejected') WITH ORDINALITY e (entry, place)
            WHERE NOT l.records @> jsonb_build_array(e.entry - 'reason')))
    FROM listed l
   WHERE r.id = l.run_id AND r.report ? 'rejected';

  DELETE FROM ttfd.import_conflicts c
   USING unnest(p_accounts) a
   WHERE (c.platform, c.external_id) = (a.platform, a.external_id);
  UPDATE ttfd.import_conflicts c
     SET candidates = ttfd.drop_accounts(c.candidates, p_accounts)
   WHERE c.candidates <> ttfd.drop_accounts(c.candidates, p_accounts);
  UPDATE ttfd.import_conflicts c
     SET settlement = split_part(c.settlement, ' ', 1)
    FROM unnest(p_accounts) a
   WHERE c.settlement = concat_ws(' ', split_part(c.settlement, ' ', 1), 'with', a.platform, a.external_id);
  UPDATE ttfd.import_runs r
     SET report = jsonb_set(r.report, '{conflicts}', (
           SELECT coalesce(jsonb_agg(jsonb_set(e.entry, '{candidates}', ttfd.drop_accounts(e.entry -> 'candidates', p_accounts))
                                     ORDER BY e.place), '[]')
             FROM jsonb_array_elements(ttfd.drop_accounts(r.report -> 'conflicts', p_accounts)) WITH ORDINALITY e (entry, place)))
   WHERE r.report ? 'conflicts';
END;
$$;

COMMENT ON FUNCTION ttfd.forget_import(bigint[], ttfd.platform_accounts[]) IS
  'Removes accounts from legacy records, conflicts and reports; what they have contributed stays, without the account.';

-- sql/functions/internal/generate_event_id.sql
-- A version 7 UUID: time-ordered keys keep the log's primary key compact, random ones cost a quarter of the throughput.
CREATE OR REPLACE FUNCTION ttfd.generate_event_id()
RETURNS uuid
LANGUAGE sql VOLATILE
AS $$
  SELECT pg_catalog.encode(
           pg_catalog.set_bit(
             pg_catalog.set_bit(
               overlay(
                 pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
                 PLACING pg_catalog.substring(
                   pg_catalog.int8send((pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000)::bigint), 3)
                 FROM 1 FOR 6),
               52, 1),
             53, 1),
           'hex')::uuid;
$$;

COMMENT ON FUNCTION ttfd.generate_event_id() IS 'A new time-ordered event id (UUID version 7).';

-- sql/functions/internal/generate_link_code.sql
-- 32 symbols divide a byte's 256 values evenly, so each byte of the hash gives one without a bias. A version 4 UUID holds
-- 122 bits from the server's cryptographic generator; its fixed bits are what the hash is for.
CREATE OR REPLACE FUNCTION ttfd.generate_link_code()
RETURNS text
LANGUAGE sql VOLATILE
AS $$
  SELECT pg_catalog.string_agg(
           pg_catalog.substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 1 + (pg_catalog.get_byte(h.bytes, n.place) & 31), 1),
           '' ORDER BY n.place)
    FROM (SELECT pg_catalog.sha256(pg_catalog.uuid_send(pg_catalog.gen_random_uuid())) AS bytes OFFSET 0) h
   CROSS JOIN pg_catalog.generate_series(0, 9) n (place);
$$;

COMMENT ON FUNCTION ttfd.generate_link_code() IS 'Ten random symbols of Crockford''s base 32: 50 bits.';

-- sql/functions/internal/give_grant.sql
-- A twin that has left the queue is seen here, as insert_event sees it with its second look: the snapshot is newer than the
-- insert. Nothing is given then.
CREATE OR REPLACE FUNCTION ttfd.give_grant(
  p_event_id uuid, p_user ttfd.speaker, p_grant ttfd.event_grant, p_at timestamptz,
  OUT xp bigint, OUT coins bigint, OUT rank_id smallint, OUT has_reached boolean)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_season_id integer;
BEGIN
  IF p_grant.xp > 0 AND NOT (p_user.rule).is_admin_only THEN
    v_season_id := (ttfd.find_season(p_at)).id;
    IF p_user.season_id <> v_season_id THEN
      PERFORM ttfd.keep_past_seasons(ARRAY[p_user.id], v_season_id);
    END IF;
  END IF;
  UPDATE ttfd.unified_users u
     SET xp = u.xp + p_grant.xp,
         coins = u.coins + p_grant.coins,
         messages_sent = u.messages_sent + p_grant.messages,
         total_voice_time = u.total_voice_time + p_grant.voice_seconds,
         games_played = u.games_played + p_grant.games,
         games_won = u.games_won + p_grant.wins,
         last_active = greatest(u.last_active, p_at),
         season_id = coalesce(v_season_id, u.season_id),
         season_xp = CASE WHEN v_season_id IS NULL THEN u.season_xp
                          WHEN u.season_id = v_season_id THEN u.season_xp + p_grant.xp
                          ELSE p_grant.xp END,
         season_reached_at = CASE WHEN v_season_id IS NULL THEN u.season_reached_at ELSE p_at END,
         xp_since = CASE WHEN p_grant.xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, p_at) END
   WHERE u.id = p_user.id AND NOT ttfd.was_handled(p_event_id)
  RETURNING u.xp, u.coins, u.rank_id,
            EXISTS (SELECT 1
                      FROM (VALUES ('xp', u.xp - p_grant.xp, u.xp),
                                   ('coins', p_user.coins, u.coins),
                                   ('messages', u.messages_sent - p_grant.messages, u.messages_sent),
                                   ('voice', u.total_voice_time - p_grant.voice_seconds, u.total_voice_time),
                                   ('games', u.games_played - p_grant.games, u.games_played),
                                   ('wins', u.games_won - p_grant.wins, u.games_won)) g (metric, before, after)
                      JOIN ttfd.achievements a ON a.metric = g.metric AND a.threshold > g.before AND a.threshold <= g.after)
       INTO xp, coins, rank_id, has_reached;
  IF FOUND THEN
    PERFORM ttfd.keep_award_windows(p_user.id, (p_user.rule).name, p_grant.cooldown_start, p_grant.day_start, p_grant.xp);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.give_grant(uuid, ttfd.speaker, ttfd.event_grant, timestamptz) IS
  'Adds to a member who is locked what an event earns, with the windows that it uses. Returns xp, coins, rank_id afterwards, and whether the member has come to the threshold of an achievement; all NULL when the event was known already.';

-- sql/functions/internal/gives_role.sql
CREATE OR REPLACE FUNCTION ttfd.gives_role(p_platform text, p_role_id text)
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT EXISTS (SELECT 1 FROM ttfd.role_rewards r WHERE r.platform = p_platform AND r.role_id = p_role_id)
      OR EXISTS (SELECT 1 FROM ttfd.shop_items i WHERE i.effect -> 'role' ->> p_platform = p_role_id);
$$;

COMMENT ON FUNCTION ttfd.gives_role(text, text) IS 'Whether a role is one that ttfd gives on a platform, as a reward or from the shop.';

-- sql/functions/internal/grant_event.sql
-- The rules for one event, whose user is locked. apply_batch says the same for a set; test_apply_event compares the two.
CREATE OR REPLACE FUNCTION ttfd.grant_event(
  p_user_id bigint, p_rule ttfd.event_type_versions, p_platform text, p_data jsonb, p_occurred_at timestamptz)
RETURNS ttfd.event_grant
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_assessed record := ttfd.assess_single(p_rule, p_data);
  v_xp bigint := v_assessed.xp;
  v_coins bigint := v_assessed.coins;
  v_note text;
  v_cooldown_start timestamptz;
  v_day_start timestamptz;
  v_messages integer := 0;
  v_voice_seconds bigint := 0;
  v_games integer := 0;
  v_wins integer := 0;
  v_left bigint;
  v_factor numeric;
  v_is_cooling boolean := false;
  v_is_capped boolean := false;
  v_grant ttfd.event_grant;
BEGIN
  IF p_rule.is_boostable AND EXISTS (SELECT 1 FROM ttfd.boosts) THEN
    v_factor := ttfd.find_boost(p_user_id, p_rule.name, p_platform, p_occurred_at);
    v_xp := ttfd.multiply_award(v_xp, v_factor);
    v_coins := ttfd.multiply_award(v_coins, v_factor);
  END IF;

  IF p_rule.cooldown_seconds IS NOT NULL AND (v_xp <> 0 OR v_coins <> 0) THEN
    v_cooldown_start := ttfd.start_of_window(p_rule.cooldown_seconds, p_occurred_at);
    v_is_cooling := EXISTS (
      SELECT 1
        FROM ttfd.award_windows w
       WHERE w.user_id = p_user_id AND w.event_type = p_rule.name AND NOT w.is_daily AND w.starts_at = v_cooldown_start);
    IF v_is_cooling THEN
      v_xp := 0;
      v_coins := 0;
      v_cooldown_start := NULL;
    END IF;
  END IF;
  IF p_rule.daily_xp_cap IS NOT NULL AND v_xp > 0 THEN
    v_day_start := ttfd.start_of_window(86400, p_occurred_at);
    v_left := p_rule.daily_xp_cap - coalesce(
      (SELECT w.xp
         FROM ttfd.award_windows w
        WHERE w.user_id = p_user_id AND w.event_type = p_rule.name AND w.is_daily AND w.starts_at = v_day_start), 0);
    v_is_capped := v_xp > v_left;
    v_xp := least(v_xp, greatest(0, v_left));
    v_day_start := CASE WHEN v_xp > 0 THEN v_day_start END;
  END IF;
  IF v_is_cooling OR v_is_capped OR v_assessed.is_idle OR v_factor IS NOT NULL THEN
    v_note := ttfd.note_award(false, v_is_cooling, v_is_capped, v_assessed.is_idle, v_factor);
  END IF;

  CASE p_rule.counter
    WHEN 'messages' THEN
      v_messages := 1;
    WHEN 'voice' THEN
      v_voice_seconds := coalesce(v_assessed.seconds, 0);
    WHEN 'games' THEN
      v_games := 1;
      v_wins := (p_data @> '{"won": true}')::integer;
    ELSE
      NULL;
  END CASE;
  SELECT v_xp, v_coins, v_note, v_cooldown_start, v_day_start, v_messages, v_voice_seconds, v_games, v_wins,
         v_xp = 0 AND v_coins = 0 AND v_games = 0 AND v_voice_seconds = 0
    INTO v_grant;
  RETURN v_grant;
END;
$$;

COMMENT ON FUNCTION ttfd.grant_event(bigint, ttfd.event_type_versions, text, jsonb, timestamptz) IS
  'What one event earns: XP, coins, the note, the windows it uses, the counters it moves, and whether it is no more than a count of messages.';

-- sql/functions/internal/grant_import.sql
-- New members have their amounts already; those who were there before get theirs here. Ranks follow XP; the statement raises
-- highest_rank_id itself, so that no reward is paid.
CREATE OR REPLACE FUNCTION ttfd.grant_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET xp = u.xp + g.xp,
         xp_since = CASE WHEN g.xp = 0 THEN u.xp_since
                         WHEN u.xp = 0 THEN coalesce(g.last_active, u.xp_since)
                         ELSE greatest(u.xp_since, ttfd.current_time()) END,
         coins = u.coins + g.coins,
         highest_rank_id = greatest(u.highest_rank_id, r.id),
         games_played = u.games_played + g.games_played,
         games_won = u.games_won + g.games_won,
         total_voice_time = u.total_voice_time + g.total_voice_time,
         messages_sent = u.messages_sent + g.messages_sent,
         daily_streak = greatest(u.daily_streak, g.daily_streak),
         last_daily = greatest(u.last_daily, g.last_daily),
         created_at = least(u.created_at, g.created_at),
         last_active = greatest(u.last_active, g.last_active),
         achievements = CASE WHEN g.achievements <@ u.achievements THEN u.achievements
                             ELSE ARRAY(SELECT unnest(u.achievements) UNION SELECT unnest(g.achievements) ORDER BY 1) END
    FROM ttfd.import_changes c
    JOIN ttfd.list_import_totals(p_run_id) g ON g.user_id = c.user_id
    JOIN ttfd.unified_users o ON o.id = c.user_id
    JOIN ttfd.list_rank_ranges() r ON r.rank_xp <= o.xp + g.xp AND o.xp + g.xp < coalesce(r.next_rank_xp, o.xp + g.xp + 1)
   WHERE c.run_id = p_run_id AND u.id = c.user_id;

  PERFORM ttfd.show_import_achievements(p_run_id);

  UPDATE ttfd.import_changes c
     SET after = ttfd.describe_import_change(u)
    FROM ttfd.unified_users u
   WHERE c.run_id = p_run_id AND u.id = c.user_id;

  INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  SELECT ttfd.generate_event_id(), g.user_id, 'opening_balance', g.origin,
         jsonb_strip_nulls(jsonb_build_object(
           'run_id', p_run_id, 'games_played', nullif(g.games_played, 0), 'games_won', nullif(g.games_won, 0),
           'seconds', nullif(g.total_voice_time, 0), 'messages', nullif(g.messages_sent, 0))),
         g.xp, g.coins, ttfd.current_time()
    FROM ttfd.import_grants g
   WHERE g.run_id = p_run_id
     AND (g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent) <> (0, 0, 0, 0, 0, 0)
   ORDER BY g.user_id;

END;
$$;

COMMENT ON FUNCTION ttfd.grant_import(bigint) IS
  'Grants what measure_import found to members who were there before, and writes the events opening_balance of all.';

-- sql/functions/internal/group_import_accounts.sql
-- First contacts wait from here to the end of the run; members whom we know go on until they are locked. A merge locks its
-- members first and their accounts second: when it has the one and waits for the other, the run steps back and tries again,
-- sooner than PostgreSQL would call it a deadlock (after a second).
CREATE OR REPLACE FUNCTION ttfd.group_import_accounts(p_run_id bigint, p_link_by_username boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_patience text := current_setting('lock_timeout');
BEGIN
  FOR v_attempt IN 1..10 LOOP
    BEGIN
      LOCK TABLE ttfd.platform_accounts IN SHARE ROW EXCLUSIVE MODE;
      PERFORM ttfd.collect_import_identities(p_run_id);
      PERFORM ttfd.link_import_by_id(p_run_id);
      IF p_link_by_username THEN
        PERFORM ttfd.link_import_by_username(p_run_id);
      END IF;
      PERFORM set_config('lock_timeout', '800ms', true);
      PERFORM ttfd.lock_import_members(p_run_id);
      PERFORM set_config('lock_timeout', v_patience, true);
      RETURN;
    EXCEPTION
      WHEN lock_not_available THEN
        IF v_attempt = 10 THEN
          RAISE;
        END IF;
    END;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.group_import_accounts(bigint, boolean) IS
  'Groups the accounts of a run into persons and locks the members among them. Raises 55P03 when somebody holds a member for too long.';

-- sql/functions/internal/has_crossed.sql
CREATE OR REPLACE FUNCTION ttfd.has_crossed(p_goals bigint[], p_value bigint, p_added bigint)
RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT p_added > 0 AND pg_catalog.width_bucket(p_value, p_goals) > pg_catalog.width_bucket(p_value - p_added, p_goals);
$$;

COMMENT ON FUNCTION ttfd.has_crossed(bigint[], bigint, bigint) IS
  'Whether one of the goals, in ascending order, was reached by what was added to make the value.';

-- sql/functions/internal/hash_link_code.sql
-- Read as Crockford says: small letters count, I and L are 1, O is 0, hyphens and spaces are nothing. Only these: letters
-- of other alphabets that look alike stay what they are, so upper() is not for us.
CREATE OR REPLACE FUNCTION ttfd.hash_link_code(p_code text)
RETURNS bytea
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.sha256(pg_catalog.convert_to(
           pg_catalog.translate(p_code, 'abcdefghijklmnopqrstuvwxyzILO- ', 'ABCDEFGH1JK1MN0PQRSTUVWXYZ110'), 'UTF8'));
$$;

COMMENT ON FUNCTION ttfd.hash_link_code(text) IS 'What is kept of a link code: the SHA-256 of its canonical form.';

-- sql/functions/internal/import_amount.sql
CREATE OR REPLACE FUNCTION ttfd.import_amount(p_value text)
RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_value IS NULL OR p_value = '' THEN 0
              WHEN pg_catalog.strpos(p_value, '.') = 0 THEN p_value::bigint
              ELSE pg_catalog.floor(p_value::numeric)::bigint
         END;
$$;

COMMENT ON FUNCTION ttfd.import_amount(text) IS
  'A legacy amount that assess_import_amount lets through, rounded down; 0 where it is missing.';

-- sql/functions/internal/import_time.sql
CREATE OR REPLACE FUNCTION ttfd.import_time(p_value text, p_time_zone text, p_is_usual boolean)
RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN p_is_usual THEN nullif(p_value, '')::timestamp AT TIME ZONE p_time_zone
              WHEN p_value = '' THEN NULL
              WHEN pg_catalog.strpos(pg_catalog.substr(p_value, 12), '+') > 0
                OR pg_catalog.strpos(pg_catalog.substr(p_value, 12), '-') > 0
                OR pg_catalog.right(p_value, 1) = 'Z'
              THEN p_value::timestamptz
              ELSE p_value::timestamp AT TIME ZONE p_time_zone
         END;
$$;

COMMENT ON FUNCTION ttfd.import_time(text, text, boolean) IS
  'A legacy time that are_usual_import_times knows, or explain_import_time lets through; one without an offset is taken to be of the time zone.';

-- sql/functions/internal/insert_event.sql
-- Exactly once, raced by many senders and the processor: the key stops a twin in the queue; a twin that was applied or has
-- failed already is seen by the second look, whose snapshot is newer than the insert.
CREATE OR REPLACE FUNCTION ttfd.insert_event(
  p_event_id uuid, p_user_id bigint, p_event_type text, p_platform text, p_data jsonb,
  p_xp bigint, p_coins bigint, p_note text, p_rank_id smallint, p_occurred_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.cross_platform_events_pending
    (id, user_id, event_type, source_platform, data, xp, coins, note, rank_id, occurred_at)
  VALUES
    (p_event_id, p_user_id, p_event_type, p_platform, p_data, p_xp, p_coins, p_note, p_rank_id, p_occurred_at)
  ON CONFLICT (id, processed) DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF ttfd.was_handled(p_event_id) THEN
    DELETE FROM ttfd.cross_platform_events_pending WHERE id = p_event_id;
    RETURN false;
  END IF;
  RETURN true;
END;
$$;

COMMENT ON FUNCTION ttfd.insert_event(uuid, bigint, text, text, jsonb, bigint, bigint, text, smallint, timestamptz) IS
  'Puts an event into the queue. Returns false, and leaves nothing, when the id is known.';

-- sql/functions/internal/insert_events.sql
-- insert_event for a set: the same key, the same second look.
CREATE OR REPLACE FUNCTION ttfd.insert_events(p_events ttfd.sent_event[])
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_inserted uuid[];
  v_known uuid[];
BEGIN
  WITH inserted AS (
    INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, occurred_at)
    SELECT s.event_id, a.user_id, s.event_type, s.platform, s.data, coalesce(s.occurred_at, ttfd.current_time())
      FROM unnest(p_events) s
      JOIN ttfd.platform_accounts a ON a.platform = s.platform AND a.external_id = s.external_id
     ORDER BY s.ordinal
    ON CONFLICT (id, processed) DO NOTHING
    RETURNING id
  )
  SELECT coalesce(array_agg(id), '{}') INTO v_inserted FROM inserted;
  v_known := ARRAY(SELECT i FROM unnest(v_inserted) i WHERE ttfd.was_handled(i));
  IF cardinality(v_known) = 0 THEN
    RETURN v_inserted;
  END IF;
  DELETE FROM ttfd.cross_platform_events_pending WHERE id = ANY (v_known);
  RETURN ARRAY(SELECT i FROM unnest(v_inserted) i WHERE i <> ALL (v_known));
END;
$$;

COMMENT ON FUNCTION ttfd.insert_events(ttfd.sent_event[]) IS
  'Puts events into the queue. Returns the ids that are new; for the others nothing is left.';

-- sql/functions/internal/is_admin.sql
CREATE OR REPLACE FUNCTION ttfd.is_admin()
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT pg_catalog.pg_has_role(ttfd.caller_role(), 'ttfd_admin', 'USAGE');
$$;

COMMENT ON FUNCTION ttfd.is_admin() IS 'Whether the caller is a member of ttfd_admin.';

-- sql/functions/internal/is_blank.sql
CREATE OR REPLACE FUNCTION ttfd.is_blank(p_user ttfd.unified_users)
RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT p_user.xp = 0 AND p_user.coins = 0 AND p_user.messages_sent = 0 AND p_user.total_voice_time = 0
     AND p_user.games_played = 0 AND p_user.daily_streak = 0 AND p_user.last_daily IS NULL AND p_user.achievements = '{}';
$$;

COMMENT ON FUNCTION ttfd.is_blank(ttfd.unified_users) IS 'Whether a user has nothing yet that could be merged.';

-- sql/functions/internal/is_known_event.sql
CREATE OR REPLACE FUNCTION ttfd.is_known_event(p_event_id uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM ttfd.cross_platform_events_pending WHERE id = p_event_id) OR ttfd.was_handled(p_event_id);
END;
$$;

COMMENT ON FUNCTION ttfd.is_known_event(uuid) IS 'Whether an event with this id was sent before.';

-- sql/functions/internal/is_link_locked.sql
-- Five failures in 15 minutes stop an account. A thousand guesses in a minute stop a platform, because whoever has many
-- accounts would never be stopped otherwise.
CREATE OR REPLACE FUNCTION ttfd.is_link_locked(p_platform text, p_account_hash bytea)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  RETURN (SELECT count(*) >= 5
            FROM ttfd.link_failures f
           WHERE f.account_hash = p_account_hash AND f.failed_at > v_now - INTERVAL '15 minutes')
      OR (SELECT count(*) >= 1000
            FROM ttfd.link_failures f
           WHERE f.platform = p_platform AND f.is_guess AND f.failed_at > v_now - INTERVAL '1 minute');
END;
$$;

COMMENT ON FUNCTION ttfd.is_link_locked(text, bytea) IS 'Whether an account has to wait before it may try a link code again.';

-- sql/functions/internal/is_logged_in.sql
CREATE OR REPLACE FUNCTION ttfd.is_logged_in(p_user_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN ttfd.may_speak('ttfd_website')
     AND EXISTS (SELECT 1 FROM ttfd.website_sessions s WHERE s.user_id = p_user_id AND s.expires_at > ttfd.current_time());
END;
$$;

COMMENT ON FUNCTION ttfd.is_logged_in(bigint) IS 'Whether the caller is the website and the member is logged in there.';

-- sql/functions/internal/is_website_admin.sql
-- Whoever became one with an administrator is one, until that merge is undone.
CREATE OR REPLACE FUNCTION ttfd.is_website_admin(p_user_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN EXISTS (SELECT 1
                   FROM ttfd.website_admins a
                   JOIN ttfd.unified_users u ON u.id = a.user_id
                  WHERE coalesce(u.merged_into, u.id) = p_user_id);
END;
$$;

COMMENT ON FUNCTION ttfd.is_website_admin(bigint) IS 'Whether a member may use the administrators'' part of the website.';

-- sql/functions/internal/issue_link_code.sql
CREATE OR REPLACE FUNCTION ttfd.issue_link_code(p_platform text, p_external_id text)
RETURNS TABLE (code text, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_issued integer;
BEGIN
  code := ttfd.generate_link_code();
  expires_at := v_now + INTERVAL '10 minutes';
  INSERT INTO ttfd.link_codes AS c (platform, external_id, code_hash, created_at, expires_at, issued_since)
  VALUES (p_platform, p_external_id, ttfd.hash_link_code(code), v_now, issue_link_code.expires_at, v_now)
  ON CONFLICT (platform, external_id) DO UPDATE
    SET code_hash = EXCLUDED.code_hash, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at, used_at = NULL,
        issued = CASE WHEN c.issued_since > v_now - INTERVAL '1 hour' THEN c.issued + 1 ELSE 1 END,
        issued_since = CASE WHEN c.issued_since > v_now - INTERVAL '1 hour' THEN c.issued_since ELSE v_now END
  RETURNING c.issued INTO v_issued;
  IF v_issued > 10 THEN
    RAISE EXCEPTION 'this % account has had 10 link codes within the hour', p_platform
      USING ERRCODE = 'TL004', HINT = 'The last one is valid for 10 minutes. Ask for another later.';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.issue_link_code(text, text) IS
  'A new link code for an account whose member is locked; the one before is void. Raises TL004 after 10 within an hour.';

-- sql/functions/internal/join_proven_users.sql
-- A user with a history survives one without; of two with a history, the older one does.
CREATE OR REPLACE FUNCTION ttfd.join_proven_users(p_own_id bigint, p_other_id bigint, p_reason text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_is_blank boolean;
BEGIN
  SELECT u.id INTO user_id
    FROM ttfd.unified_users u
   WHERE u.id IN (p_own_id, p_other_id)
   ORDER BY ttfd.is_blank(u), u.created_at, u.id
   LIMIT 1;
  v_is_blank := EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id IN (p_own_id, p_other_id) AND ttfd.is_blank(u));
  merge_id := ttfd.join_users(user_id, CASE WHEN user_id = p_own_id THEN p_other_id ELSE p_own_id END, p_reason);
  status := CASE WHEN v_is_blank THEN 'linked' ELSE 'merged' END;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.join_proven_users(bigint, bigint, text) IS
  'Makes one of two users who are locked and were both proven to be the same person. Returns status (linked when one had nothing yet, merged), user_id, merge_id. Raises TL002.';

-- sql/functions/internal/join_users.sql
-- The merge itself, of two users who are locked. Everything that reverse_merge needs goes into the journal.
CREATE OR REPLACE FUNCTION ttfd.join_users(p_into_id bigint, p_from_id bigint, p_reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_from ttfd.unified_users;
  v_into ttfd.unified_users;
  v_platform text;
  v_merge_id bigint;
  v_told jsonb;
BEGIN
  SELECT * INTO v_into FROM ttfd.unified_users WHERE id = p_into_id;
  SELECT * INTO v_from FROM ttfd.unified_users WHERE id = p_from_id;
  SELECT p INTO v_platform FROM unnest(v_into.platforms) p WHERE p = ANY (v_from.platforms) ORDER BY p LIMIT 1;
  IF FOUND THEN
    PERFORM ttfd.raise_collision(v_platform);
  END IF;

  INSERT INTO ttfd.user_merges
    (into_id, from_id, reason, merged_at, into_before, from_before, accounts, signposts, boosts, purchases,
     kept_windows)
  SELECT p_into_id, p_from_id, p_reason, ttfd.current_time(),
         ttfd.snapshot_user(p_into_id), ttfd.snapshot_user(p_from_id),
         (SELECT jsonb_agg(jsonb_build_object('platform', a.platform, 'link_method', a.link_method, 'linked_at', a.linked_at))
            FROM ttfd.platform_accounts a WHERE a.user_id = p_from_id),
         ARRAY(SELECT u.id FROM ttfd.unified_users u WHERE u.merged_into = p_from_id),
         ARRAY(SELECT b.id FROM ttfd.boosts b WHERE b.user_id = p_from_id),
         ARRAY(SELECT p.event_id FROM ttfd.purchases p WHERE p.user_id = p_from_id),
         ttfd.carry_award_windows(p_from_id, p_into_id)
  RETURNING id INTO v_merge_id;

  -- A signpost never points to a signpost.
  UPDATE ttfd.unified_users SET merged_into = p_into_id WHERE id = p_from_id OR merged_into = p_from_id;
  UPDATE ttfd.platform_accounts SET user_id = p_into_id, link_method = 'merge' WHERE user_id = p_from_id;
  UPDATE ttfd.boosts SET user_id = p_into_id WHERE user_id = p_from_id;
  UPDATE ttfd.purchases SET user_id = p_into_id WHERE user_id = p_from_id;
  PERFORM ttfd.carry_transfer_days(p_from_id, p_into_id);
  v_told := jsonb_build_object('merge_id', v_merge_id, 'into_id', p_into_id, 'from_id', p_from_id,
                               'platforms', v_into.platforms || v_from.platforms);
  PERFORM ttfd.move_progress(p_from_id, p_into_id, v_from, 'accounts_merged', v_told);
  PERFORM ttfd.take_best(p_into_id, v_from);
  UPDATE ttfd.user_merges SET progress = ttfd.carry_progress(p_from_id, p_into_id) WHERE id = v_merge_id;
  UPDATE ttfd.user_merges SET into_after = ttfd.snapshot_user(p_into_id) WHERE id = v_merge_id;
  PERFORM ttfd.audit('accounts_merged', NULL, v_told || jsonb_build_object('reason', p_reason, 'xp', v_from.xp, 'coins', v_from.coins));
  RETURN v_merge_id;
END;
$$;

COMMENT ON FUNCTION ttfd.join_users(bigint, bigint, text) IS
  'Makes one user of two who are locked; the second becomes a signpost. Returns the id of the merge. Raises TL002.';

-- sql/functions/internal/judge_import.sql
-- A loader may have its records judged while it reads on; what is left is judged when the run is unified.
CREATE OR REPLACE FUNCTION ttfd.judge_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_after bigint := coalesce((SELECT j.row_id FROM ttfd.import_judged j WHERE j.run_id = p_run_id), 0);
BEGIN
  PERFORM ttfd.reject_forgotten_rows(p_run_id, v_after);
  PERFORM ttfd.collect_import_events(p_run_id, v_after);
  PERFORM ttfd.collect_import_accounts(p_run_id, v_after);
  INSERT INTO ttfd.import_judged (run_id, row_id)
  SELECT p_run_id, max(r.id) FROM ttfd.import_rows r WHERE r.run_id = p_run_id AND r.id > v_after HAVING count(*) > 0
  ON CONFLICT (run_id) DO UPDATE SET row_id = excluded.row_id;
END;
$$;

COMMENT ON FUNCTION ttfd.judge_import(bigint) IS
  'Judges the records of a run that were not judged yet, and takes them apart: see collect_import_accounts.';

-- sql/functions/internal/keep_award_windows.sql
CREATE OR REPLACE FUNCTION ttfd.keep_award_windows(
  p_user_id bigint, p_event_type text, p_cooldown_start timestamptz, p_day_start timestamptz, p_xp bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF p_cooldown_start IS NOT NULL THEN
    INSERT INTO ttfd.award_windows (user_id, event_type, is_daily, starts_at, xp)
    VALUES (p_user_id, p_event_type, false, p_cooldown_start, p_xp);
  END IF;
  IF p_day_start IS NOT NULL AND p_xp > 0 THEN
    INSERT INTO ttfd.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
    VALUES (p_user_id, p_event_type, true, p_day_start, p_xp)
    ON CONFLICT (user_id, event_type, is_daily, starts_at) DO UPDATE SET xp = w.xp + EXCLUDED.xp;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.keep_award_windows(bigint, text, timestamptz, timestamptz, bigint) IS
  'Remembers that an event has used its cooldown window and its share of the daily cap.';

-- sql/functions/internal/keep_past_seasons.sql
-- A member's row holds the score of one season. When another begins before the last is closed, the old score steps aside.
CREATE OR REPLACE FUNCTION ttfd.keep_past_seasons(p_user_ids bigint[], p_season_id integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH past AS (
    SELECT u.id, u.season_id, u.season_xp, u.season_reached_at
      FROM ttfd.unified_users u
      JOIN ttfd.seasons s ON s.id = u.season_id AND s.closed_at IS NULL
     WHERE u.id = ANY (p_user_ids) AND u.season_id <> p_season_id
  ), kept AS (
    INSERT INTO ttfd.season_scores AS k (user_id, season_id, xp, reached_at)
    SELECT p.id, p.season_id, p.season_xp, p.season_reached_at FROM past p WHERE p.season_xp > 0
    ON CONFLICT (user_id, season_id)
    DO UPDATE SET xp = k.xp + EXCLUDED.xp, reached_at = greatest(k.reached_at, EXCLUDED.reached_at)
  )
  UPDATE ttfd.unified_users u
     SET season_id = p_season_id, season_xp = 0, season_reached_at = NULL
    FROM past p
   WHERE u.id = p.id;
END;
$$;

COMMENT ON FUNCTION ttfd.keep_past_seasons(bigint[], integer) IS
  'Readies members who are locked for a season: their score of another that is not closed yet goes to season_scores.';

-- sql/functions/internal/keep_purchase.sql
CREATE OR REPLACE FUNCTION ttfd.keep_purchase(
  p_event_id uuid, p_user_id bigint, p_item ttfd.shop_items, p_starts_at timestamptz, p_expires_at timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.shop_items i SET sold = i.sold + 1 WHERE i.name = p_item.name;
  INSERT INTO ttfd.purchases (event_id, user_id, item, price, effect, bought_at, starts_at, expires_at)
  VALUES (p_event_id, p_user_id, p_item.name, p_item.price, p_item.effect, ttfd.current_time(), p_starts_at, p_expires_at);
  IF p_item.effect ? 'boost' THEN
    INSERT INTO ttfd.boosts (factor, starts_at, ends_at, event_types, user_id)
    VALUES ((p_item.effect -> 'boost')::numeric, p_starts_at, p_expires_at,
            CASE WHEN p_item.effect ? 'event_types'
                 THEN ARRAY(SELECT jsonb_array_elements_text(p_item.effect -> 'event_types')) END,
            p_user_id);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.keep_purchase(uuid, bigint, ttfd.shop_items, timestamptz, timestamptz) IS
  'Writes down a purchase, counts it off the stock and starts its boost. Expects the user and the item locked.';

-- sql/functions/internal/keep_tombstones.sql
-- The digest leads from an account to its limits, not to the member whose sums stay: the ledger is nobody's from now on.
CREATE OR REPLACE FUNCTION ttfd.keep_tombstones(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.forgotten_accounts AS f (account_digest, limits, forgotten_at, expires_at)
  SELECT ttfd.digest_account(k.key, a.platform, a.external_id), ttfd.collect_limits(p_user_ids),
         ttfd.current_time(), ttfd.current_time() + INTERVAL '90 days'
    FROM unnest(p_accounts) a
   CROSS JOIN ttfd.forgetting_key k
  ON CONFLICT (account_digest)
    DO UPDATE SET limits = EXCLUDED.limits, forgotten_at = EXCLUDED.forgotten_at, expires_at = EXCLUDED.expires_at;
END;
$$;

COMMENT ON FUNCTION ttfd.keep_tombstones(bigint[], ttfd.platform_accounts[]) IS
  'Remembers for 90 days what the accounts must not get twice.';

-- sql/functions/internal/kept_since.sql
CREATE OR REPLACE FUNCTION ttfd.kept_since(p_setting text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN ttfd.current_time() - make_interval(days => ttfd.read_setting(p_setting)::integer);
END;
$$;

COMMENT ON FUNCTION ttfd.kept_since(text) IS 'The moment before which something need not be kept, by a setting in days.';

-- sql/functions/internal/lease_announcements.sql
-- One process announces. The lease outlives a slow send, and lets another take over from one that was killed.
CREATE OR REPLACE FUNCTION ttfd.lease_announcements(p_platform text, p_reader uuid)
RETURNS ttfd.announcement_cursors
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_head bigint;
  v_epoch uuid;
  v_cursor ttfd.announcement_cursors;
BEGIN
  SELECT h.position, h.epoch INTO v_head, v_epoch FROM ttfd.feed_head h;
  INSERT INTO ttfd.announcement_cursors AS c (platform, position, epoch, reader, leased_until)
  VALUES (p_platform, v_head, v_epoch, p_reader, v_now + INTERVAL '2 minutes')
  ON CONFLICT (platform) DO UPDATE
     SET position = CASE WHEN c.epoch = v_epoch THEN c.position ELSE v_head END,
         epoch = v_epoch, reader = p_reader, leased_until = EXCLUDED.leased_until
   WHERE c.reader = p_reader OR c.leased_until <= v_now
  RETURNING * INTO v_cursor;
  RETURN v_cursor;
END;
$$;

COMMENT ON FUNCTION ttfd.lease_announcements(text, uuid) IS
  'Makes a process the one that announces on a platform for two minutes, from the present head at first and after a restore. Returns the cursor, all NULL when another process holds it.';

-- sql/functions/internal/link_import_by_id.sql
CREATE OR REPLACE FUNCTION ttfd.link_import_by_id(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.import_links l
     SET person = one.person, to_person = other.person, is_new = one.person <> other.person
    FROM ttfd.import_identities one, ttfd.import_identities other
   WHERE l.run_id = p_run_id AND l.kind = 'id'
     AND one.run_id = p_run_id AND one.platform = l.platform AND one.external_id = l.external_id
     AND other.run_id = p_run_id AND other.platform = l.to_platform AND other.external_id = l.to_external_id;

  PERFORM ttfd.follow_import_links(p_run_id, 'id', 'links_contradict');
END;
$$;

COMMENT ON FUNCTION ttfd.link_import_by_id(bigint) IS
  'Joins accounts that state each other''s ids; contradictions become conflicts.';

-- sql/functions/internal/link_import_by_username.sql
-- A name joins accounts only where it can mean nobody else: one account on each platform bears it, no id says otherwise.
CREATE OR REPLACE FUNCTION ttfd.link_import_by_username(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off
AS $$
BEGIN
  WITH repeated AS (
    SELECT i.name
      FROM ttfd.import_identities i
     WHERE i.run_id = p_run_id AND i.name IS NOT NULL
     GROUP BY i.name
    HAVING count(*) > 1
  ), named AS MATERIALIZED (
    SELECT i.* FROM ttfd.import_identities i JOIN repeated USING (name) WHERE i.run_id = p_run_id
  ), shared AS MATERIALIZED (
    SELECT n.name, min(n.person) AS person,
           count(*) > count(DISTINCT n.platform) AS is_ambiguous,
           count(DISTINCT n.user_id) > 1 AS has_two_users
      FROM named n
     GROUP BY n.name
    HAVING count(DISTINCT n.person) > 1
  ), contradicted AS (
    SELECT m.name
      FROM (SELECT DISTINCT n.name, n.person FROM named n JOIN shared USING (name)) m
      JOIN ttfd.import_identities o ON o.run_id = p_run_id AND o.person = m.person
     GROUP BY m.name
    HAVING count(*) > count(DISTINCT o.platform)
  ), refused AS MATERIALIZED (
    SELECT s.name,
           CASE WHEN s.is_ambiguous THEN 'ambiguous_username'
                WHEN c.name IS NOT NULL THEN 'other_id_known'
                WHEN s.has_two_users THEN 'two_users'
           END AS reason
      FROM shared s
      LEFT JOIN contradicted c USING (name)
  ), bearers AS (
    SELECT l.name, jsonb_agg(jsonb_build_object('platform', l.platform, 'external_id', l.external_id, 'username', l.username,
                                                'person', l.person)
                             ORDER BY l.platform, l.external_id) AS listed
      FROM (SELECT n.*, row_number() OVER (PARTITION BY n.name ORDER BY n.platform, n.external_id) AS place
              FROM named n JOIN refused r ON r.name = n.name AND r.reason IS NOT NULL) l
     WHERE l.place <= 11
     GROUP BY l.name
  ), conflicts AS (
    INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username, candidates)
    SELECT p_run_id, r.reason, n.source, n.source_key, n.platform, n.external_id, n.username,
           (SELECT coalesce(jsonb_agg(e.bearer - 'person'), '[]')
              FROM jsonb_array_elements(b.listed) e (bearer)
             WHERE (e.bearer ->> 'person')::bigint <> n.person)
      FROM refused r
      JOIN bearers b ON b.name = r.name
      JOIN named n ON n.name = r.name AND n.row_id IS NOT NULL
     WHERE r.reason IS NOT NULL
  ), firsts AS (
    SELECT DISTINCT ON (s.name) s.name, s.person, n.platform, n.external_id
      FROM shared s
      JOIN refused r ON r.name = s.name AND r.reason IS NULL
      JOIN named n ON n.name = s.name AND n.person = s.person
     ORDER BY s.name, n.platform
  )
  INSERT INTO ttfd.import_links
    (run_id, kind, platform, external_id, to_platform, to_external_id, person, to_person, is_new)
  SELECT p_run_id, 'username', f.platform, f.external_id, n.platform, n.external_id, f.person, n.person, true
    FROM firsts f
    JOIN named n ON n.name = f.name AND n.person <> f.person;

  PERFORM ttfd.follow_import_links(p_run_id, 'username', 'ambiguous_username');

  UPDATE ttfd.import_identities i
     SET link_method = 'import_username'
    FROM ttfd.import_links l
   WHERE i.run_id = p_run_id AND l.run_id = p_run_id AND l.kind = 'username' AND NOT l.is_refused
     AND i.platform = l.to_platform AND i.external_id = l.to_external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.link_import_by_username(bigint) IS
  'Joins accounts of the same unambiguous username; all other equal names become conflicts.';

-- sql/functions/internal/list_announceable.sql
-- What happens to a member's accounts is told whatever was chosen: somebody else may have done it.
-- After an outage the newest is told and no more: of what is older than 15 minutes the last of each kind for each member.
CREATE OR REPLACE FUNCTION ttfd.list_announceable(p_platform text, p_after bigint, p_until bigint, p_limit integer)
RETURNS TABLE ("position" bigint, user_id bigint, external_id text, audience text)
LANGUAGE sql STABLE
AS $$
  SELECT e.position, coalesce(u.id, 0), a.external_id,
         CASE WHEN e.user_id = 0 THEN 'public'
              WHEN k.kind = 'account' OR t.is_old OR u.is_hidden THEN 'private'
              ELSE coalesce(p.announcements, 'private') END
    FROM ttfd.cross_platform_events_processed e
   CROSS JOIN LATERAL (SELECT e.occurred_at < ttfd.current_time() - INTERVAL '15 minutes') t (is_old)
   CROSS JOIN LATERAL (
           SELECT ttfd.announced_kind(p_platform, e.user_id, e.event_type, e.data, e.xp > 0 OR e.coins > 0)) k (kind)
    LEFT JOIN ttfd.unified_users asked ON asked.id = e.user_id
    LEFT JOIN ttfd.unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
    LEFT JOIN ttfd.platform_accounts a ON a.user_id = u.id AND a.platform = p_platform
    LEFT JOIN ttfd.account_preferences p ON (p.platform, p.external_id) = (a.platform, a.external_id)
   WHERE e.position > p_after AND e.position <= p_until
     AND k.kind IS NOT NULL
     AND e.occurred_at > ttfd.current_time() - INTERVAL '7 days'
     AND (e.user_id = 0
          OR a.external_id IS NOT NULL AND (k.kind = 'account' OR p.announcements IS DISTINCT FROM 'off'))
     AND NOT (t.is_old AND EXISTS (
           SELECT 1
             FROM ttfd.cross_platform_events_processed later
            WHERE later.user_id = e.user_id AND later.position > e.position
              AND ttfd.announced_kind(
                    p_platform, later.user_id, later.event_type, later.data, later.xp > 0 OR later.coins > 0) = k.kind))
   ORDER BY e.position
   LIMIT p_limit;
$$;

COMMENT ON FUNCTION ttfd.list_announceable(text, bigint, bigint, integer) IS
  'Feed positions that a platform announces, to which account (NULL for the community), and to whom: private or public.';

-- sql/functions/internal/list_audit_lines.sql
-- A line is about a member when it names the member's id, an account of theirs, or an event of theirs that failed.
CREATE OR REPLACE FUNCTION ttfd.list_audit_lines(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS SETOF ttfd.audit_log
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN QUERY
  SELECT l.*
    FROM ttfd.audit_log l
   WHERE EXISTS (
           SELECT 1
             FROM jsonb_path_query_array(jsonb_build_array(l.before, l.after), '$.** ? (@.type() == "object").keyvalue()') k (pairs)
            CROSS JOIN jsonb_to_recordset(k.pairs) AS p (key text, value jsonb)
            WHERE p.key ~ '(^|_)(user|into|from|to)_id$' AND p.value = ANY (SELECT to_jsonb(u.id) FROM unnest(p_user_ids) u (id))
               OR p.value = ANY (SELECT to_jsonb(a.external_id) FROM unnest(p_accounts) a)
               OR p.key = 'event_id' AND p.value = ANY (SELECT to_jsonb(f.id) FROM ttfd.failed_events f WHERE f.user_id = ANY (p_user_ids)))
   ORDER BY l.id;
END;
$$;

COMMENT ON FUNCTION ttfd.list_audit_lines(bigint[], ttfd.platform_accounts[]) IS 'The lines of the audit log that are about a member.';

-- sql/functions/internal/list_import_gains.sql
-- What was given is summed over the earlier runs: the same data again gains nothing.
CREATE OR REPLACE FUNCTION ttfd.list_import_gains(p_run_id bigint)
RETURNS TABLE (
  user_id bigint, origin text, part text, platform text, external_id text, is_first boolean, xp bigint, coins bigint,
  games_played bigint, games_won bigint, total_voice_time bigint, messages_sent bigint, daily_streak integer,
  last_daily date, achievements jsonb, created_at timestamptz, last_active timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT i.person, a.origin, a.part, a.platform, a.external_id, b.origin IS NULL,
         a.xp - coalesce(b.xp, 0), a.coins - coalesce(b.coins, 0), a.games_played - coalesce(b.games_played, 0),
         a.games_won - coalesce(b.games_won, 0), a.total_voice_time - coalesce(b.total_voice_time, 0),
         a.messages_sent - coalesce(b.messages_sent, 0), a.daily_streak, a.last_daily, a.achievements,
         a.created_at, a.last_active
    FROM ttfd.import_accounts a
    JOIN ttfd.import_identities i ON i.run_id = a.run_id AND i.platform = a.platform AND i.external_id = a.external_id
    LEFT JOIN (SELECT g.origin, g.part, g.platform, g.external_id, ttfd.add_up(g.xp) AS xp, ttfd.add_up(g.coins) AS coins,
                      ttfd.add_up(g.games_played) AS games_played, ttfd.add_up(g.games_won) AS games_won,
                      ttfd.add_up(g.total_voice_time) AS total_voice_time, ttfd.add_up(g.messages_sent) AS messages_sent
                 FROM ttfd.import_balances g
                GROUP BY g.origin, g.part, g.platform, g.external_id) b
      ON b.origin = a.origin AND b.part = a.part AND b.platform = a.platform AND b.external_id = a.external_id
   WHERE a.run_id = p_run_id;
$$;

COMMENT ON FUNCTION ttfd.list_import_gains(bigint) IS
  'What each part of each account of a run has gained since the runs before, whom it goes to, and whether it is new.';

-- sql/functions/internal/list_import_joins.sql
-- Not kept with the report: it is for the owner's eyes, once.
CREATE OR REPLACE FUNCTION ttfd.list_import_joins(p_run_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'reason', j.kind,
           'platform', j.platform, 'external_id', j.external_id, 'username', one.username,
           'to_platform', j.to_platform, 'to_external_id', j.to_external_id, 'to_username', other.username)
           ORDER BY j.kind, j.platform, j.external_id, j.to_platform), '[]')
    FROM (SELECT l.*
            FROM ttfd.import_links l
           WHERE l.run_id = p_run_id AND l.is_new AND NOT l.is_refused
           ORDER BY l.kind, l.platform, l.external_id, l.to_platform
           LIMIT 10000) j
    JOIN ttfd.import_identities one
      ON one.run_id = p_run_id AND one.platform = j.platform AND one.external_id = j.external_id
    JOIN ttfd.import_identities other
      ON other.run_id = p_run_id AND other.platform = j.to_platform AND other.external_id = j.to_external_id;
$$;

COMMENT ON FUNCTION ttfd.list_import_joins(bigint) IS
  'Whom a run joined to whom and why (id, username), as JSON; the first 10,000.';

-- sql/functions/internal/list_import_totals.sql
CREATE OR REPLACE FUNCTION ttfd.list_import_totals(p_run_id bigint)
RETURNS TABLE (
  user_id bigint, xp bigint, coins bigint, games_played bigint, games_won bigint, total_voice_time bigint,
  messages_sent bigint, daily_streak integer, last_daily date, achievements text[], created_at timestamptz,
  last_active timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT g.user_id, ttfd.add_up(g.xp), ttfd.add_up(g.coins), ttfd.add_up(g.games_played), ttfd.add_up(g.games_won),
         ttfd.add_up(g.total_voice_time), ttfd.add_up(g.messages_sent), max(g.daily_streak), max(g.last_daily),
         max(g.achievements), min(g.created_at), max(g.last_active)
    FROM ttfd.import_grants g
   WHERE g.run_id = p_run_id
   GROUP BY g.user_id;
$$;

COMMENT ON FUNCTION ttfd.list_import_totals(bigint) IS 'What each member gains in a run, over all origins.';

-- sql/functions/internal/list_import_touched.sql
CREATE OR REPLACE FUNCTION ttfd.list_import_touched(p_run_id bigint)
RETURNS TABLE (user_id bigint)
LANGUAGE sql STABLE
AS $$
  SELECT i.user_id FROM ttfd.import_identities i WHERE i.run_id = p_run_id AND i.user_id IS NOT NULL
   UNION
  SELECT p.user_id
    FROM ttfd.import_links k
   CROSS JOIN LATERAL (VALUES (k.platform, k.external_id), (k.to_platform, k.to_external_id)) e (platform, external_id)
    JOIN ttfd.platform_accounts p ON p.platform = e.platform AND p.external_id = e.external_id
   WHERE k.run_id = p_run_id
   UNION
  SELECT p.user_id
    FROM ttfd.platform_accounts p
    JOIN ttfd.import_identities i ON i.run_id = p_run_id AND i.name = ttfd.fold_name(p.username);
$$;

COMMENT ON FUNCTION ttfd.list_import_touched(bigint) IS
  'Members to whom accounts of a run belong, whom its records state, or who bear the name of one.';

-- sql/functions/internal/list_person.sql
CREATE OR REPLACE FUNCTION ttfd.list_person(p_user_id bigint)
RETURNS bigint[]
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_survivor_id bigint := (SELECT coalesce(u.merged_into, u.id) FROM ttfd.unified_users u WHERE u.id = p_user_id);
BEGIN
  IF v_survivor_id IS NULL THEN
    PERFORM ttfd.raise_unknown_user(p_user_id);
  END IF;
  RETURN v_survivor_id || ARRAY(SELECT u.id FROM ttfd.unified_users u WHERE u.merged_into = v_survivor_id ORDER BY u.id);
END;
$$;

COMMENT ON FUNCTION ttfd.list_person(bigint) IS
  'The ids of a member, or of the one it was merged into, first, and of everybody who was merged into that one. Raises TU001.';

-- sql/functions/internal/list_rank_ranges.sql
CREATE OR REPLACE FUNCTION ttfd.list_rank_ranges()
RETURNS TABLE (id smallint, rank_xp bigint, next_rank_xp bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT r.id, r.required_xp, lead(r.required_xp) OVER (ORDER BY r.required_xp) FROM ttfd.ranks r;
$$;

COMMENT ON FUNCTION ttfd.list_rank_ranges() IS 'All ranks as find_rank gives them, for statements about many members.';

-- sql/functions/internal/list_season_players.sql
CREATE OR REPLACE FUNCTION ttfd.list_season_players(p_season_id integer)
RETURNS TABLE (user_id bigint, xp bigint, reached_at timestamptz, is_listed boolean)
LANGUAGE sql STABLE
AS $$
  SELECT p.id, p.own_xp + coalesce(p.more_xp, 0), coalesce(greatest(p.own_at, p.more_at), TIMESTAMPTZ 'epoch'), p.is_listed
    FROM (SELECT u.id, u.is_listed,
                 CASE WHEN u.season_id = p_season_id THEN u.season_xp ELSE 0 END AS own_xp, k.xp AS more_xp,
                 CASE WHEN u.season_id = p_season_id THEN u.season_reached_at END AS own_at, k.reached_at AS more_at
            FROM ttfd.unified_users u
            LEFT JOIN ttfd.season_scores k ON k.user_id = u.id AND k.season_id = p_season_id
           WHERE u.forgotten_at IS NULL) p
   WHERE p.own_xp + coalesce(p.more_xp, 0) > 0;
$$;

COMMENT ON FUNCTION ttfd.list_season_players(integer) IS
  'Who has earned XP in a season that is not closed, how many, and since when; hidden members too.';

-- sql/functions/internal/list_undoable_merges.sql
-- The journal holds no names: platforms and amounts say which merge it was.
CREATE OR REPLACE FUNCTION ttfd.list_undoable_merges(p_user_id bigint)
RETURNS TABLE (
  merge_id bigint, merged_at timestamptz, undo_until timestamptz, platforms text[], other_platforms text[],
  other_xp bigint, other_coins bigint)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN QUERY
  SELECT m.id, m.merged_at, m.merged_at + INTERVAL '7 days',
         ARRAY(SELECT jsonb_array_elements_text(m.into_before -> 'platforms')),
         ARRAY(SELECT jsonb_array_elements_text(m.from_before -> 'platforms')),
         (m.from_before ->> 'xp')::bigint, (m.from_before ->> 'coins')::bigint
    FROM ttfd.user_merges m
   WHERE m.into_id = p_user_id AND m.undone_at IS NULL
     AND ttfd.current_time() <= m.merged_at + INTERVAL '7 days'
   ORDER BY m.id DESC;
END;
$$;

COMMENT ON FUNCTION ttfd.list_undoable_merges(bigint) IS
  'Merges into a user that are not older than 7 days nor undone, the latest first: see list_own_merges.';

-- sql/functions/internal/list_undone_members.sql
CREATE OR REPLACE FUNCTION ttfd.list_undone_members(p_run_id bigint)
RETURNS TABLE (user_id bigint)
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(u.merged_into, u.id)
    FROM (SELECT b.user_id FROM ttfd.import_balances b WHERE b.run_id = p_run_id
           UNION
          SELECT c.user_id FROM ttfd.import_changes c WHERE c.run_id = p_run_id
           UNION
          SELECT a.user_id FROM ttfd.platform_accounts a WHERE a.import_run_id = p_run_id) t
    JOIN ttfd.unified_users u ON u.id = t.user_id
   WHERE u.forgotten_at IS NULL
   GROUP BY 1;
$$;

COMMENT ON FUNCTION ttfd.list_undone_members(bigint) IS
  'Members whom a run has touched, as they are now: a merged one stands for the survivor, a forgotten one is left alone.';

-- sql/functions/internal/list_unsettled.sql
-- What is granted and not in standings yet is in the queue or at the end of the feed, so nobody has to note it down. The queue is
-- read as process_events reads it, above its floor and by lanes.
CREATE OR REPLACE FUNCTION ttfd.list_unsettled(p_metric text)
RETURNS TABLE (user_id bigint, value bigint, since timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  v_season_id integer := CASE WHEN p_metric = 'season' THEN ttfd.running_season() END;
  v_board integer := coalesce(ttfd.season_board(v_season_id), ttfd.board_number(p_metric));
BEGIN
  IF v_board IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT n.user_id, CASE WHEN u.is_listed THEN coalesce(v.value, k.xp, 0) ELSE 0 END,
         coalesce(k.reached_at, ttfd.standing_since(s.since, v.value = -s.minus_value, n.moved_at, n.touched_at))
    FROM (SELECT m.user_id, max(m.moved_at) AS moved_at, max(m.touched_at) AS touched_at
            FROM (SELECT e.user_id,
                         CASE WHEN ttfd.moves_board(v_board, t.counter, e.event_type, e.xp, e.coins, e.data) THEN e.occurred_at END,
                         CASE WHEN ttfd.touches_boards(e.event_type) THEN e.occurred_at END
                    FROM (SELECT p.user_id, p.occurred_at, p.event_type, p.xp, p.coins, p.data
                            FROM ttfd.feed_head h
                           CROSS JOIN generate_series(0, 7) l (lane)
                            JOIN ttfd.cross_platform_events_pending p
                              ON pg_catalog.hashtext(p.source_platform) & 7 = l.lane AND p.seq > h.floor_seq
                           WHERE p.xp IS NOT NULL AND p.user_id <> 0
                           UNION ALL
                          SELECT d.user_id, d.occurred_at, d.event_type, d.xp, d.coins, d.data
                            FROM ttfd.feed_head h
                            JOIN ttfd.cross_platform_events_processed d ON d.position > h.settled_to
                           WHERE d.user_id <> 0) e
                    LEFT JOIN ttfd.event_types t ON t.name = e.event_type
                   WHERE ttfd.moves_board(v_board, t.counter, e.event_type, e.xp, e.coins, e.data) OR ttfd.touches_boards(e.event_type)
                   UNION ALL
                  SELECT c.user_id, NULL, c.at FROM ttfd.standing_changes c WHERE c.user_id > 0) m (user_id, moved_at, touched_at)
           GROUP BY m.user_id) n
    LEFT JOIN ttfd.unified_users u ON u.id = n.user_id
    LEFT JOIN LATERAL (
           SELECT o.*
             FROM ttfd.standings o
            WHERE o.user_id = n.user_id AND o.board = ANY (ARRAY[v_board, -v_board])
           OFFSET 0) s ON true
   CROSS JOIN LATERAL (SELECT ttfd.metric_value(u, p_metric)) v (value)
    LEFT JOIN LATERAL (
           SELECT l.xp, l.reached_at
             FROM ttfd.list_season_players(v_season_id) l
            WHERE l.user_id = n.user_id AND v_season_id IS NOT NULL) k ON true;
END;
$$;

COMMENT ON FUNCTION ttfd.list_unsettled(text) IS
  'Where those members stand by a metric of standings whose row there is not up to date: user_id, value (0 for a member who is not listed), since.';

-- sql/functions/internal/list_user_references.sql
-- Asked of the catalog, so that a table that is added later cannot be left out.
CREATE OR REPLACE FUNCTION ttfd.list_user_references()
RETURNS TABLE (table_name name, column_name name)
LANGUAGE sql STABLE
AS $$
  SELECT c.relname, a.attname
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.relnamespace = 'ttfd'::regnamespace
     AND c.relkind IN ('r', 'p')
     AND NOT c.relispartition
     AND (a.attname ~ '(^|_)user_id$'
          OR c.relname = 'unified_users' AND a.attname = 'id'
          OR EXISTS (SELECT 1
                       FROM pg_catalog.pg_constraint k
                      WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid = 'ttfd.unified_users'::regclass
                        AND k.conkey = ARRAY[a.attnum]));
$$;

COMMENT ON FUNCTION ttfd.list_user_references() IS
  'Every column of the schema that names a member: called user_id or ending so, or a foreign key to unified_users.';

-- sql/functions/internal/lock_account.sql
-- A platform account that nobody has yet has no row to lock. Taken before any user is locked.
CREATE OR REPLACE FUNCTION ttfd.lock_account(p_platform text, p_external_id text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ttfd account ' || p_platform || ' ' || p_external_id, 0));
END;
$$;

COMMENT ON FUNCTION ttfd.lock_account(text, text) IS
  'Makes whoever else creates, links or redeems for this platform account wait for the end of the transaction.';

-- sql/functions/internal/lock_batch.sql
-- Whose events were granted already need no lock, and would wait for the whole batch: only those are locked to whom something is
-- to be granted, or whose achievements are looked at (p_applied: the types of events after which apply_event has looked itself).
-- Hardly ever is somebody of a batch merged or unknown, so nobody is looked up before they are locked. Where it turns out
-- otherwise, the locks have to be let go, because survivors may have lower ids; the next try looks first.
CREATE OR REPLACE FUNCTION ttfd.lock_batch(
  p_rows tid[], p_applied text[], p_looks_first boolean,
  OUT user_ids bigint[], OUT has_strangers boolean, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_sent_for bigint[];
  v_locked bigint;
  v_is_stale boolean;
BEGIN
  SELECT coalesce(array_agg(DISTINCT p.user_id)
                    FILTER (WHERE p.xp IS NULL OR p.source_platform = 'system' OR p.event_type <> ALL (p_applied)), '{}'),
         min(p.occurred_at)
    INTO v_sent_for, oldest
    FROM ttfd.cross_platform_events_pending p
   WHERE p.ctid = ANY (p_rows) AND p.user_id <> 0;
  user_ids := v_sent_for;
  IF p_looks_first THEN
    SELECT array_agg(DISTINCT coalesce(m.merged_into, m.id)) INTO user_ids
      FROM ttfd.unified_users m
     WHERE m.id = ANY (v_sent_for);
  END IF;
  SELECT count(*), coalesce(bool_or(l.merged_into IS NOT NULL), false) INTO v_locked, v_is_stale
    FROM (SELECT u.merged_into FROM ttfd.unified_users u WHERE u.id = ANY (user_ids) ORDER BY u.id FOR NO KEY UPDATE) l;
  has_strangers := v_is_stale OR v_locked <> cardinality(v_sent_for) OR p_looks_first;
  -- Who was merged while we waited leads to a survivor who is not locked; so does a merge that was undone.
  IF p_looks_first AND NOT v_is_stale THEN
    v_is_stale := EXISTS (
      SELECT 1 FROM ttfd.unified_users m WHERE m.id = ANY (v_sent_for) AND coalesce(m.merged_into, m.id) <> ALL (user_ids));
  END IF;
  IF v_is_stale OR (has_strangers AND NOT p_looks_first) THEN
    RAISE EXCEPTION 'a member is merged or unknown' USING ERRCODE = 'serialization_failure';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_batch(tid[], text[], boolean) IS
  'Locks the members whom the pending events at the given places concern, in ascending id. Returns user_ids, has_strangers (whether some of the events are of members who are merged or unknown) and oldest (when the first of them happened). Raises 40001 when it has to look again, and look first.';

-- sql/functions/internal/lock_import_members.sql
CREATE OR REPLACE FUNCTION ttfd.lock_import_members(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM 1
    FROM ttfd.unified_users u
   WHERE u.id IN (SELECT i.user_id FROM ttfd.import_identities i WHERE i.run_id = p_run_id AND i.user_id IS NOT NULL)
   ORDER BY u.id
     FOR NO KEY UPDATE;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_import_members(bigint) IS
  'Locks the members of a run who are there already, in ascending id as everywhere.';

-- sql/functions/internal/lock_live_users.sql
-- For what changes two users, or a user and its signposts: all are locked in ascending id, or none. When somebody was
-- merged while we waited, all locks are let go again (a block with an exception handler does it), because what has to be
-- locked now may come before what is locked already. Users are locked one by one, so that each look sees who was merged
-- while we waited for the one before; signposts without waiting, because who has one locked may be on the way to its survivor.
CREATE OR REPLACE FUNCTION ttfd.lock_live_users(p_user_ids bigint[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_id bigint;
  v_signposts bigint[];
BEGIN
  LOOP
    BEGIN
      FOR v_user_id IN SELECT DISTINCT i.id FROM unnest(p_user_ids) i (id) WHERE i.id IS NOT NULL ORDER BY i.id LOOP
        PERFORM 1 FROM ttfd.unified_users u WHERE u.id = v_user_id AND coalesce(u.merged_into, u.id) = u.id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'merged meanwhile';
        END IF;
      END LOOP;
      v_signposts := ARRAY(
        SELECT u.id FROM ttfd.unified_users u WHERE u.merged_into = ANY (p_user_ids) ORDER BY u.id FOR NO KEY UPDATE SKIP LOCKED);
      IF NOT EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.merged_into = ANY (p_user_ids) AND u.id <> ALL (v_signposts)) THEN
        RETURN true;
      END IF;
      RAISE EXCEPTION 'somebody is on the way to a survivor';
    EXCEPTION
      WHEN raise_exception THEN NULL;
    END;
    IF EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = ANY (p_user_ids) AND u.merged_into IS NOT NULL) THEN
      RETURN false;
    END IF;
    PERFORM pg_sleep(0.001);
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_live_users(bigint[]) IS
  'Locks users and those who were merged into them. Returns false, and locks nobody, when one of them was merged itself.';

-- sql/functions/internal/lock_owner.sql
-- The account may change hands while we wait for its user: then that lock is let go again, because the next user may have
-- a lower id.
CREATE OR REPLACE FUNCTION ttfd.lock_owner(p_platform text, p_external_id text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  PERFORM ttfd.lock_account(p_platform, p_external_id);
  LOOP
    BEGIN
      v_user_id := (ttfd.lock_user(ttfd.resolve_user(p_platform, p_external_id))).id;
      IF v_user_id = ttfd.find_owner(p_platform, p_external_id) THEN
        RETURN v_user_id;
      END IF;
      RAISE EXCEPTION 'changed hands meanwhile';
    EXCEPTION
      WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_owner(text, text) IS
  'Locks the user behind a platform account, which is created at first contact, and returns its id. Raises TP001, TU002.';

-- sql/functions/internal/lock_person.sql
-- Somebody may be merged while we wait for a lock: then we look again.
CREATE OR REPLACE FUNCTION ttfd.lock_person(p_user_id bigint)
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_locked bigint[];
  v_found bigint[];
BEGIN
  LOOP
    v_found := ttfd.list_person(p_user_id);
    EXIT WHEN v_found = v_locked;
    PERFORM 1 FROM ttfd.unified_users u WHERE u.id = ANY (v_found) ORDER BY u.id FOR NO KEY UPDATE;
    v_locked := v_found;
  END LOOP;
  RETURN v_locked;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_person(bigint) IS
  'Locks everybody whom list_person names, and returns their ids. Raises TU001.';

-- sql/functions/internal/lock_represented_user.sql
-- The gate of every function that names a member by user id: whoever speaks for one of the accounts may, and the website for
-- whoever is logged in there.
CREATE OR REPLACE FUNCTION ttfd.lock_represented_user(p_user_id bigint)
RETURNS ttfd.unified_users
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user ttfd.unified_users := ttfd.lock_user(p_user_id);
BEGIN
  IF NOT EXISTS (SELECT 1
                   FROM ttfd.platform_accounts a
                   JOIN ttfd.platforms p ON p.name = a.platform
                  WHERE a.user_id = v_user.id AND ttfd.may_speak(p.role_name))
     AND NOT ttfd.is_logged_in(v_user.id) THEN
    RAISE EXCEPTION 'role "%" may not speak for user %', ttfd.caller_role(), p_user_id
      USING ERRCODE = 'TP001', HINT = 'The user has no account on a platform of this role.';
  END IF;
  RETURN v_user;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_represented_user(bigint) IS
  'Locks a user, or the one it was merged into, for whom the caller may speak, and returns the row. Raises TU001, TP001.';

-- sql/functions/internal/lock_speaker.sql
-- One statement for the account that is known and free; whoever is new, busy or merged takes the long way. Columns by name,
-- because a statement that fetches a whole member spends more on its forty columns than on the row.
CREATE OR REPLACE FUNCTION ttfd.lock_speaker(p_platform text, p_external_id text, p_event_type text, p_at timestamptz)
RETURNS ttfd.speaker
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_speaker ttfd.speaker;
BEGIN
  SELECT u.id, u.xp, u.coins, u.next_rank_xp, u.highest_rank_id, u.season_id,
         (SELECT t FROM ttfd.event_type_versions t WHERE t.name = p_event_type AND t.valid_from <= p_at AND t.valid_to > p_at)
    INTO v_speaker
    FROM ttfd.unified_users u
   WHERE u.id = (SELECT a.user_id
                   FROM ttfd.platform_accounts a
                   JOIN ttfd.platforms p ON p.name = a.platform
                  WHERE a.platform = p_platform AND a.external_id = p_external_id AND ttfd.may_speak(p.role_name))
     AND u.forgotten_at IS NULL
     AND coalesce(u.merged_into, u.id) = u.id
     FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    SELECT u.id, u.xp, u.coins, u.next_rank_xp, u.highest_rank_id, u.season_id, ttfd.find_rule(p_event_type, p_at)
      INTO v_speaker
      FROM ttfd.lock_user(ttfd.resolve_user(p_platform, p_external_id)) u;
  END IF;
  RETURN v_speaker;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_speaker(text, text, text, timestamptz) IS
  'Locks the user behind a platform account, created at first contact. Returns what a grant has to know of it, and the rule of the event type. Raises TP001, TU002.';

-- sql/functions/internal/lock_undone_members.sql
CREATE OR REPLACE FUNCTION ttfd.lock_undone_members(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM 1
    FROM ttfd.unified_users u
   WHERE u.id IN (SELECT t.user_id FROM ttfd.list_undone_members(p_run_id) t)
   ORDER BY u.id
     FOR NO KEY UPDATE;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_undone_members(bigint) IS 'Locks the members whom a run has touched, in ascending id.';

-- sql/functions/internal/lock_user.sql
-- A user who is merged while we wait for the lock hands over to the survivor. The lock on the one who was merged is let
-- go before that (a block with an exception handler does it), because the survivor may have the lower id, and users are
-- locked in ascending order. Such a block costs something, so it is for those who have to wait.
CREATE OR REPLACE FUNCTION ttfd.lock_user(p_user_id bigint)
RETURNS ttfd.unified_users
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user ttfd.unified_users;
  v_user_id bigint := p_user_id;
BEGIN
  LOOP
    SELECT * INTO v_user
      FROM ttfd.unified_users
     WHERE id = v_user_id AND forgotten_at IS NULL
       AND coalesce(merged_into, id) = id  -- Not IS NULL: a planner without statistics would take another index.
       FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
      RETURN v_user;
    END IF;
    v_user_id := (ttfd.find_survivor(v_user_id)).id;
    BEGIN
      SELECT * INTO v_user FROM ttfd.unified_users WHERE id = v_user_id FOR NO KEY UPDATE;
      IF v_user.merged_into IS NULL AND v_user.forgotten_at IS NULL THEN
        RETURN v_user;
      END IF;
      RAISE EXCEPTION 'merged or forgotten meanwhile';
    EXCEPTION
      WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_user(bigint) IS
  'Locks a user, or the one it was merged into, and returns the row. Raises TU001, also for one who is forgotten.';

-- sql/functions/internal/lock_users.sql
-- Whoever is merged at this very moment is followed by lock_user, out of order: PostgreSQL sorts out a deadlock that rare.
CREATE OR REPLACE FUNCTION ttfd.lock_users(p_user_ids bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM 1
     FROM ttfd.unified_users u
    WHERE u.id IN (SELECT coalesce(m.merged_into, m.id) FROM ttfd.unified_users m WHERE m.id = ANY (p_user_ids))
    ORDER BY u.id
      FOR NO KEY UPDATE;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_users(bigint[]) IS
  'Locks several users, or those they were merged into, in ascending id. Unknown ones are left to lock_user.';

-- sql/functions/internal/may_speak.sql
-- A role that does not exist (yet) lets nobody speak but the administrators.
CREATE OR REPLACE FUNCTION ttfd.may_speak(p_role_name text)
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(pg_catalog.pg_has_role(ttfd.caller_role(), pg_catalog.to_regrole(p_role_name), 'USAGE'), false)
      OR ttfd.is_admin();
$$;

COMMENT ON FUNCTION ttfd.may_speak(text) IS
  'Whether the caller may speak for the platform whose role is given: its members and administrators may.';

-- sql/functions/internal/measure_import.sql
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

  -- Nobody is put into debt: where the source fell below what it had given, and the member has spent the rest here, the
  -- accounts stay as they are and a person decides.
  UPDATE ttfd.import_grants t
     SET is_held = true, xp = 0, coins = 0, games_played = 0, games_won = 0, total_voice_time = 0, messages_sent = 0
    FROM (SELECT u.id
            FROM ttfd.import_grants g
            JOIN ttfd.unified_users u ON u.id = g.user_id
           WHERE g.run_id = p_run_id
           GROUP BY u.id
          HAVING u.xp + sum(g.xp) < 0 OR u.coins + sum(g.coins) < 0
              OR u.games_played + sum(g.games_played) < 0 OR u.games_won + sum(g.games_won) < 0
              OR u.total_voice_time + sum(g.total_voice_time) < 0 OR u.messages_sent + sum(g.messages_sent) < 0) s
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

-- sql/functions/internal/measure_import_undo.sql
-- What was spent since is not there to be taken. It stays contributed: the same data in a later run do not give it again.
CREATE OR REPLACE FUNCTION ttfd.measure_import_undo(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.import_grants
    (run_id, user_id, origin, xp, coins, owed_xp, owed_coins, games_played, games_won, total_voice_time, messages_sent,
     daily_streak, achievements)
  SELECT p_run_id, t.user_id, t.origin, t.back_xp, t.back_coins, t.xp - t.back_xp, t.coins - t.back_coins,
         t.games_played, t.games_won, t.total_voice_time, t.messages_sent, 0, '{}'
    FROM (SELECT g.*,
                 CASE WHEN g.xp <= 0 THEN g.xp
                      ELSE greatest(0, least(g.xp, u.xp - (sum(g.xp) OVER by_xp - g.xp))) END::bigint AS back_xp,
                 CASE WHEN g.coins <= 0 THEN g.coins
                      ELSE greatest(0, least(g.coins, u.coins - (sum(g.coins) OVER by_coins - g.coins))) END::bigint AS back_coins
            FROM (SELECT coalesce(o.merged_into, o.id) AS user_id, b.origin, sum(b.xp)::bigint AS xp,
                         sum(b.coins)::bigint AS coins, sum(b.games_played)::bigint AS games_played,
                         sum(b.games_won)::bigint AS games_won, sum(b.total_voice_time)::bigint AS total_voice_time,
                         sum(b.messages_sent)::bigint AS messages_sent
                    FROM ttfd.import_balances b
                    JOIN ttfd.unified_users o ON o.id = b.user_id AND o.forgotten_at IS NULL
                   WHERE b.run_id = p_run_id
                   GROUP BY 1, 2) g
            JOIN ttfd.unified_users u ON u.id = g.user_id
          WINDOW by_xp AS (PARTITION BY g.user_id ORDER BY g.xp, g.origin),
                 by_coins AS (PARTITION BY g.user_id ORDER BY g.coins, g.origin)) t;
END;
$$;

COMMENT ON FUNCTION ttfd.measure_import_undo(bigint) IS 'Fills import_grants with what a run gave and can be taken back, by member and origin.';

-- sql/functions/internal/metric_value.sql
CREATE OR REPLACE FUNCTION ttfd.metric_value(p_user ttfd.unified_users, p_metric text)
RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE p_metric
           WHEN 'xp' THEN p_user.xp
           WHEN 'coins' THEN p_user.coins
           WHEN 'messages' THEN p_user.messages_sent
           WHEN 'voice' THEN p_user.total_voice_time
           WHEN 'games' THEN p_user.games_played
           WHEN 'wins' THEN p_user.games_won
         END;
$$;

COMMENT ON FUNCTION ttfd.metric_value(ttfd.unified_users, text) IS
  'A member''s value by a leaderboard metric (voice in seconds); NULL for an unknown one.';

-- sql/functions/internal/move_progress.sql
-- Whatever adds up between two users stands here, and only here: a new counter is one more line. (Scores of seasons: carry_progress.) Amounts leave one user and
-- reach the other as two ledger events. The statement raises highest_rank_id itself, so that no rank is paid for.
CREATE OR REPLACE FUNCTION ttfd.move_progress(
  p_from_id bigint, p_to_id bigint, p_moved ttfd.unified_users, p_event_type text, p_data jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET xp = u.xp + s.sign * p_moved.xp,
         xp_since = CASE WHEN p_moved.xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, ttfd.current_time()) END,
         coins = u.coins + s.sign * p_moved.coins,
         messages_sent = u.messages_sent + s.sign * p_moved.messages_sent,
         total_voice_time = u.total_voice_time + s.sign * p_moved.total_voice_time,
         games_played = u.games_played + s.sign * p_moved.games_played,
         games_won = u.games_won + s.sign * p_moved.games_won,
         highest_rank_id = greatest(u.highest_rank_id, (SELECT r.id FROM ttfd.find_rank(u.xp + s.sign * p_moved.xp) r))
    FROM (VALUES (p_from_id, -1), (p_to_id, 1)) s (user_id, sign)
   WHERE u.id = s.user_id;
  PERFORM ttfd.tell_member(p_from_id, p_event_type, p_data, -p_moved.xp, -p_moved.coins);
  PERFORM ttfd.tell_member(p_to_id, p_event_type, p_data, p_moved.xp, p_moved.coins);
END;
$$;

COMMENT ON FUNCTION ttfd.move_progress(bigint, bigint, ttfd.unified_users, text, jsonb) IS
  'Moves balances and counters from one user who is locked to another, with an event for each.';

-- sql/functions/internal/move_season_scores.sql
CREATE OR REPLACE FUNCTION ttfd.move_season_scores(p_scores jsonb, p_from_id bigint, p_to_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM ttfd.add_season_score(u.id, s.season_id, u.sign * s.xp, s.reached_at)
     FROM jsonb_to_recordset(p_scores) s (season_id integer, xp bigint, reached_at timestamptz)
     JOIN ttfd.seasons o ON o.id = s.season_id AND o.closed_at IS NULL
    CROSS JOIN (VALUES (p_from_id, -1), (p_to_id, 1)) u (id, sign);
  DELETE FROM ttfd.season_scores k WHERE k.user_id IN (p_from_id, p_to_id) AND k.xp = 0;
END;
$$;

COMMENT ON FUNCTION ttfd.move_season_scores(jsonb, bigint, bigint) IS
  'Moves scores (season_id, xp, reached_at) of open seasons from one member who is locked to another.';

-- sql/functions/internal/moves_board.sql
CREATE OR REPLACE FUNCTION ttfd.moves_board(
  p_board integer, p_counter text, p_event_type text, p_xp bigint, p_coins bigint, p_data jsonb)
RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE p_board
           WHEN 1 THEN p_coins <> 0 AND p_event_type <> 'opening_balance'
           WHEN 2 THEN p_counter = 'messages'
           WHEN 3 THEN p_counter = 'voice'
           WHEN 4 THEN p_counter = 'games'
           WHEN 5 THEN p_counter = 'games' AND p_data @> '{"won": true}'
           ELSE p_xp > 0
         END;
$$;

COMMENT ON FUNCTION ttfd.moves_board(integer, text, text, bigint, bigint, jsonb) IS
  'Whether a granted event, whose type moves a counter, has changed its member''s value on a board (see board_number); of a season, whether it may have.';

-- sql/functions/internal/multiply_award.sql
CREATE OR REPLACE FUNCTION ttfd.multiply_award(p_amount bigint, p_factor numeric)
RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_factor IS NULL OR p_amount <= 0 THEN p_amount ELSE pg_catalog.floor(p_amount * p_factor)::bigint END;
$$;

COMMENT ON FUNCTION ttfd.multiply_award(bigint, numeric) IS 'An amount with its boost, rounded down; what takes away is never multiplied.';

-- sql/functions/internal/normalise_external_id.sql
CREATE OR REPLACE FUNCTION ttfd.normalise_external_id(p_platform text, p_external_id text)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_platform ttfd.platforms;
  v_external_id text;
BEGIN
  SELECT * INTO v_platform FROM ttfd.platforms WHERE name = p_platform;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no platform named "%"', p_platform
      USING ERRCODE = 'TU002', HINT = 'Known platforms are the rows of ttfd.platforms.';
  END IF;
  v_external_id := CASE WHEN v_platform.folds_case THEN lower(p_external_id) ELSE p_external_id END;
  IF v_external_id IS NULL OR v_external_id !~ v_platform.id_pattern THEN
    RAISE EXCEPTION 'external id "%" has the wrong form for platform "%"', left(p_external_id, 60), p_platform
      USING ERRCODE = 'TU002', HINT = format('It has to match %s.', v_platform.id_pattern);
  END IF;
  RETURN v_external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.normalise_external_id(text, text) IS
  'An external id as it is stored. Raises TU002 when the platform is unknown or the id has the wrong form.';

-- sql/functions/internal/note_award.sql
-- One wording for the batch and for single events. No concat_ws: it is not immutable, and the planner would not inline this.
CREATE OR REPLACE FUNCTION ttfd.note_award(
  p_is_disabled boolean, p_is_cooling boolean, p_is_capped boolean, p_is_idle boolean, p_factor numeric)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_is_disabled THEN 'disabled'
              WHEN p_is_cooling THEN 'cooldown'
              WHEN p_is_capped OR p_is_idle OR p_factor IS NOT NULL THEN
                pg_catalog.substr(
                  CASE WHEN p_is_capped THEN ', daily_cap' ELSE '' END
                  || CASE WHEN p_is_idle THEN ', idle' ELSE '' END
                  || CASE WHEN p_factor IS NOT NULL
                          THEN ', boost ' || pg_catalog.chr(215) || pg_catalog.trim_scale(p_factor)::text ELSE '' END,
                  3)
         END;
$$;

COMMENT ON FUNCTION ttfd.note_award(boolean, boolean, boolean, boolean, numeric) IS
  'Why an event earned what it did: disabled, cooldown, or what there is of daily_cap, idle and the boost; NULL when there is nothing to say.';

-- sql/functions/internal/note_import_changes.sql
-- Members who gain nothing, and they are most when the same data come again, are not noted.
CREATE OR REPLACE FUNCTION ttfd.note_import_changes(p_run_id bigint)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  INSERT INTO ttfd.import_changes (run_id, user_id, before)
  SELECT p_run_id, u.id, ttfd.describe_import_change(u)
    FROM ttfd.list_import_totals(p_run_id) g
    JOIN ttfd.unified_users u ON u.id = g.user_id
   WHERE (g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent) <> (0, 0, 0, 0, 0, 0)
      OR g.daily_streak > u.daily_streak
      OR g.last_daily > coalesce(u.last_daily, '-infinity')
      OR g.created_at < u.created_at
      OR g.last_active > u.last_active
      OR NOT g.achievements <@ u.achievements
      OR u.id IN (SELECT i.person FROM ttfd.import_identities i WHERE i.run_id = p_run_id AND i.user_id IS NULL);
$$;

COMMENT ON FUNCTION ttfd.note_import_changes(bigint) IS
  'Writes down, for undo_import, what the members were who were there before a run and whom it changes.';

-- sql/functions/internal/oldest_judgement.sql
-- An event is judged by the windows and boosts of the time at which it happened. Those of the longest cooldown before that
-- belong to it, too.
CREATE OR REPLACE FUNCTION ttfd.oldest_judgement()
RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT least(ttfd.current_time(),
                 (SELECT min(e.occurred_at) FROM ttfd.cross_platform_events_pending e WHERE e.xp IS NULL),
                 (SELECT min(f.occurred_at) FROM ttfd.failed_events f WHERE f.discarded_at IS NULL))
           - make_interval(secs => greatest(86400, max(t.cooldown_seconds)))
      FROM ttfd.event_type_versions t);
END;
$$;

COMMENT ON FUNCTION ttfd.oldest_judgement() IS
  'Before this moment no window begins that is still open or that an event that waits, or has failed, will be judged by.';

-- sql/functions/internal/oldest_pending.sql
CREATE OR REPLACE FUNCTION ttfd.oldest_pending(p_floor_seq bigint)
RETURNS bigint
LANGUAGE sql STABLE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
  SELECT min(e.seq)
    FROM generate_series(0, 7) l (lane)
   CROSS JOIN LATERAL (
           SELECT p.seq
             FROM ttfd.cross_platform_events_pending p
            WHERE pg_catalog.hashtext(p.source_platform) & 7 = l.lane AND p.seq > p_floor_seq
            ORDER BY p.seq
            LIMIT 1) e;
$$;

COMMENT ON FUNCTION ttfd.oldest_pending(bigint) IS 'The lowest seq of a pending event above a floor; NULL when nothing waits.';

-- sql/functions/internal/open_game.sql
CREATE OR REPLACE FUNCTION ttfd.open_game(p_user_id bigint, p_game text, p_bet bigint)
RETURNS ttfd.games
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_game ttfd.games;
  v_last_at timestamptz;
BEGIN
  SELECT * INTO v_game FROM ttfd.games g WHERE g.name = p_game AND g.is_enabled;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no game "%"', p_game
      USING ERRCODE = 'no_data_found', HINT = 'list_games lists those that can be played.';
  ELSIF p_bet NOT BETWEEN 0 AND v_game.max_bet THEN
    RAISE EXCEPTION 'a bet on "%" is from 0 to % coins', p_game, v_game.max_bet
      USING ERRCODE = 'TE003', HINT = 'list_games has the limits.';
  END IF;
  SELECT max(w.starts_at) INTO v_last_at
    FROM ttfd.award_windows w
   WHERE w.user_id = p_user_id AND w.event_type = 'game:' || p_game AND NOT w.is_daily;
  IF v_last_at + make_interval(secs => v_game.cooldown_seconds) > ttfd.current_time() THEN
    PERFORM ttfd.raise_already_claimed('the game', v_last_at + make_interval(secs => v_game.cooldown_seconds));
  END IF;
  RETURN v_game;
END;
$$;

COMMENT ON FUNCTION ttfd.open_game(bigint, text, bigint) IS
  'A game that a member, who is locked, may play now with this bet. Raises P0002, TE003, TC002.';

-- sql/functions/internal/open_session.sql
-- The number of sessions of a member is bounded, so that logging in over and over fills nothing.
CREATE OR REPLACE FUNCTION ttfd.open_session(p_user_id bigint, p_token_hash bytea, p_method text)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_expires_at timestamptz := v_now + INTERVAL '30 days';
BEGIN
  DELETE FROM ttfd.website_sessions s
   WHERE s.token_hash IN (SELECT o.token_hash FROM ttfd.website_sessions o WHERE o.expires_at <= v_now LIMIT 100 FOR UPDATE SKIP LOCKED);
  DELETE FROM ttfd.website_sessions s
   WHERE s.token_hash IN (SELECT o.token_hash FROM ttfd.website_sessions o WHERE o.user_id = p_user_id
                           ORDER BY o.started_at DESC OFFSET 19);
  INSERT INTO ttfd.website_sessions (token_hash, user_id, method, started_at, expires_at)
  VALUES (p_token_hash, p_user_id, p_method, v_now, v_expires_at);
  RETURN v_expires_at;
END;
$$;

COMMENT ON FUNCTION ttfd.open_session(bigint, bytea, text) IS
  'A session of a member who is locked, for 30 days; of more than 20 the oldest ends. Returns when it expires.';

-- sql/functions/internal/parse_events.sql
CREATE OR REPLACE FUNCTION ttfd.parse_events(p_events jsonb)
RETURNS SETOF ttfd.sent_event
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF jsonb_typeof(p_events) IS DISTINCT FROM 'array' THEN
    RAISE EXCEPTION 'p_events has to be a JSON array'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Its elements are objects with event_id, platform, external_id, event_type, data and, if known, occurred_at.';
  END IF;
  RETURN QUERY
  SELECT e.ordinal, e.event_id, e.platform,
         CASE WHEN p.folds_case THEN lower(e.external_id) ELSE e.external_id END,
         e.event_type, coalesce(e.data, '{}'), e.occurred_at
    FROM ROWS FROM (jsonb_to_recordset(p_events) AS (
           event_id uuid, platform text, external_id text, event_type text, data jsonb, occurred_at timestamptz))
         WITH ORDINALITY e (event_id, platform, external_id, event_type, data, occurred_at, ordinal)
    LEFT JOIN ttfd.platforms p ON p.name = e.platform;
END;
$$;

COMMENT ON FUNCTION ttfd.parse_events(jsonb) IS 'The elements of a JSON array of events. Raises 22023, 22P02, 22007.';

-- sql/functions/internal/pay_daily.sql
CREATE OR REPLACE FUNCTION ttfd.pay_daily(p_event_id uuid, p_user ttfd.unified_users, p_platform text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_outcome ttfd.event_outcome := ttfd.find_first_outcome(p_event_id, p_user.id, 'daily_claim', p_platform, '{}');
  v_day record;
  v_streak record;
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  SELECT * INTO v_day FROM ttfd.assess_daily(p_user, v_now);
  IF NOT v_day.is_due THEN
    PERFORM ttfd.raise_already_claimed('the daily reward', v_day.next_at);
  END IF;
  SELECT * INTO v_streak FROM ttfd.continue_streak(p_user, v_day.missed_days);
  v_outcome := ttfd.apply_grant(
    p_event_id, p_user, 'daily_claim', p_platform,
    jsonb_build_object('streak', v_streak.streak, 'bonus', v_streak.bonus, 'freeze_used', v_streak.freezes_used),
    floor(ttfd.read_setting('daily_xp') * (100 + v_streak.bonus) / 100)::bigint,
    floor(ttfd.read_setting('daily_coins') * (100 + v_streak.bonus) / 100)::bigint);
  UPDATE ttfd.unified_users u
     SET daily_streak = v_streak.streak, streak_freezes = v_streak.freezes,
         last_daily = v_day.today, last_daily_at = v_now, last_daily_zone = u.time_zone,
         last_active = greatest(u.last_active, v_now)
   WHERE u.id = p_user.id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.pay_daily(uuid, ttfd.unified_users, text) IS
  'The daily reward of a member who is locked: see claim_daily. Raises TC002, TE002.';

-- sql/functions/internal/preview_code.sql
CREATE OR REPLACE FUNCTION ttfd.preview_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (
  status text, other_display_name text, other_platforms text[], other_xp bigint, other_coins bigint,
  other_rank_id smallint, own_display_name text, own_platforms text[], own_xp bigint, own_coins bigint,
  own_rank_id smallint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_code record;
BEGIN
  SELECT * INTO v_code FROM ttfd.find_link_code(p_code, p_platform, p_external_id);
  IF v_code.refusal IS NOT NULL THEN
    status := v_code.refusal;
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN QUERY
  SELECT CASE WHEN own.id = other.id THEN 'already_linked'
              WHEN other.platforms && coalesce(own.platforms, ARRAY[p_platform]) THEN 'accounts_collide'
              WHEN own.id IS NULL OR ttfd.is_blank(own) OR ttfd.is_blank(other) THEN 'linked'
              ELSE 'merged' END,
         coalesce(other.display_name, other.username), other.platforms, other.xp, other.coins, other.rank_id,
         coalesce(own.display_name, own.username), own.platforms, own.xp, own.coins, own.rank_id
    FROM ttfd.unified_users other
    LEFT JOIN ttfd.unified_users own ON own.id = ttfd.find_owner(p_platform, p_external_id)
   WHERE other.id = v_code.user_id;
END;
$$;

COMMENT ON FUNCTION ttfd.preview_code(text, text, text) IS
  'What redeem_code would do, without doing it: see preview_link. A code that is refused counts as a failed attempt.';

-- sql/functions/internal/process_batch.sql
-- A row that makes the whole batch fail is found by halving, so that the good ones are not held up. Only errors that the
-- data cause do that: after a deadlock, a timeout or a full disk the same batch may well succeed.
CREATE OR REPLACE FUNCTION ttfd.process_batch(p_rows tid[])
RETURNS TABLE (processed integer, failed integer)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_half integer := cardinality(p_rows) / 2;
  v_looks_first boolean := false;
BEGIN
  LOOP
    BEGIN
      RETURN QUERY SELECT b.processed, b.failed FROM ttfd.apply_batch(p_rows, v_looks_first) b;
      RETURN;
    EXCEPTION
      WHEN serialization_failure THEN
        v_looks_first := true;  -- The locks are let go, and we look again.
      WHEN OTHERS THEN
        IF left(SQLSTATE, 2) NOT IN ('22', '23') AND left(SQLSTATE, 1) <> 'T' THEN
          RAISE;
        END IF;
        IF v_half = 0 THEN
          PERFORM ttfd.fail_event(p_rows[1], SQLSTATE, SQLERRM);
          RETURN QUERY SELECT 0, 1;
          RETURN;
        END IF;
        EXIT;
    END;
  END LOOP;
  RETURN QUERY
  SELECT sum(h.processed)::integer, sum(h.failed)::integer
    FROM (VALUES (p_rows[:v_half]), (p_rows[v_half + 1:])) v (rows)
   CROSS JOIN LATERAL ttfd.process_batch(v.rows) h;
END;
$$;

COMMENT ON FUNCTION ttfd.process_batch(tid[]) IS
  'Applies the pending events at the given places; those that cannot be applied go to failed_events. Returns processed, failed.';

-- sql/functions/internal/project_accounts.sql
-- The one place that computes what unified_users shows of a member's accounts. Touches rows that differ only.
CREATE OR REPLACE FUNCTION ttfd.project_accounts(p_user_ids bigint[])
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  UPDATE ttfd.unified_users u
     SET telegram_id = p.telegram_id, discord_id = p.discord_id, website_email = p.website_email,
         platforms = p.platforms, primary_platform = p.primary_platform,
         username = p.username, display_name = p.display_name
    FROM ttfd.projected_accounts(p_user_ids) p
   WHERE u.id = p.user_id
     AND (u.telegram_id, u.discord_id, u.website_email, u.platforms, u.primary_platform, u.username, u.display_name)
         IS DISTINCT FROM
         (p.telegram_id, p.discord_id, p.website_email, p.platforms, p.primary_platform, p.username, p.display_name);
$$;

COMMENT ON FUNCTION ttfd.project_accounts(bigint[]) IS
  'Writes the accounts of the given users into their telegram_id, discord_id, website_email, platforms and names.';

-- sql/functions/internal/projected_accounts.sql
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

-- sql/functions/internal/purge_discarded.sql
-- The id has to stay known, or a late resend would bring the event back.
CREATE OR REPLACE FUNCTION ttfd.purge_discarded(p_limit integer)
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    DELETE FROM ttfd.failed_events
     WHERE id = ANY (ARRAY(SELECT f.id FROM ttfd.failed_events f
                            WHERE f.discarded_at < ttfd.kept_since('keep_discarded_days')
                            LIMIT p_limit FOR UPDATE SKIP LOCKED))
    RETURNING id
  ), kept AS (
    INSERT INTO ttfd.compacted_events (id) SELECT g.id FROM gone g
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_discarded(integer) IS 'Removes discarded events but for their ids. Returns how many.';

-- sql/functions/internal/purge_forgotten.sql
CREATE OR REPLACE FUNCTION ttfd.purge_forgotten()
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    DELETE FROM ttfd.forgotten_accounts WHERE expires_at <= ttfd.current_time() RETURNING 1
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_forgotten() IS
  'Removes what was remembered of forgotten accounts and has expired. Returns how many accounts that were.';

-- sql/functions/internal/purge_import_rows.sql
-- Of a finished run only what was rejected is left, and it holds personal data. A run that waits to be unified keeps its records.
CREATE OR REPLACE FUNCTION ttfd.purge_import_rows(p_limit integer)
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    DELETE FROM ttfd.import_rows
     WHERE id = ANY (ARRAY(SELECT r.id
                             FROM ttfd.import_rows r
                            WHERE r.reject_reason IS NOT NULL
                              AND r.run_id IN (SELECT n.id FROM ttfd.import_runs n
                                                WHERE n.finished_at < ttfd.kept_since('keep_import_rows_days'))
                            LIMIT p_limit FOR UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_import_rows(integer) IS 'Removes records that imports have rejected long ago. Returns how many.';

-- sql/functions/internal/purge_judged.sql
CREATE OR REPLACE FUNCTION ttfd.purge_judged(p_limit integer)
RETURNS TABLE (windows bigint, boosts bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_judged timestamptz := ttfd.oldest_judgement();
  v_windows_since timestamptz := least(v_judged, ttfd.kept_since('keep_award_windows_days'));
  v_boosts_since timestamptz := least(v_judged, ttfd.kept_since('keep_boosts_days'));
BEGIN
  DELETE FROM ttfd.award_windows
   WHERE ctid = ANY (ARRAY(SELECT w.ctid FROM ttfd.award_windows w
                            WHERE w.starts_at < v_windows_since
                            LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS windows = ROW_COUNT;
  DELETE FROM ttfd.boosts
   WHERE id = ANY (ARRAY(SELECT b.id FROM ttfd.boosts b
                          WHERE b.ends_at < v_boosts_since
                          LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS boosts = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.purge_judged(integer) IS
  'Removes award windows and boosts that no event will be judged by any more. Returns how many of each.';

-- sql/functions/internal/purge_linking.sql
CREATE OR REPLACE FUNCTION ttfd.purge_linking(p_limit integer)
RETURNS TABLE (codes bigint, failures bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_codes_since timestamptz := ttfd.kept_since('keep_link_codes_days');
  v_failures_since timestamptz := ttfd.kept_since('keep_link_failures_days');
BEGIN
  DELETE FROM ttfd.link_codes
   WHERE ctid = ANY (ARRAY(SELECT c.ctid FROM ttfd.link_codes c
                            WHERE c.expires_at < v_codes_since AND c.issued_since < v_codes_since
                            LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS codes = ROW_COUNT;
  DELETE FROM ttfd.link_failures
   WHERE ctid = ANY (ARRAY(SELECT f.ctid FROM ttfd.link_failures f
                            WHERE f.failed_at < v_failures_since
                            LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS failures = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.purge_linking(integer) IS
  'Removes link codes that are long void, and failed attempts that lock nobody any more. Returns how many of each.';

-- sql/functions/internal/purge_logins.sql
-- A link that is void is still the counter of how many the account has had within the hour: see create_login_link.
CREATE OR REPLACE FUNCTION ttfd.purge_logins(p_limit integer)
RETURNS TABLE (sessions bigint, links bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  DELETE FROM ttfd.website_sessions
   WHERE token_hash = ANY (ARRAY(SELECT s.token_hash FROM ttfd.website_sessions s
                                  WHERE s.expires_at <= v_now
                                  LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS sessions = ROW_COUNT;
  DELETE FROM ttfd.login_links
   WHERE ctid = ANY (ARRAY(SELECT l.ctid FROM ttfd.login_links l
                            WHERE l.expires_at <= v_now AND l.issued_since <= v_now - INTERVAL '1 hour'
                            LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS links = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.purge_logins(integer) IS
  'Removes sessions of the website that have expired, and login links that are void and count for nothing. Returns how many of each.';

-- sql/functions/internal/purge_merge_journal.sql
-- Who became whom, when, why, and whether it was undone stays for good: that a merge cannot be undone any more is an answer,
-- that there never was one would be a lie.
CREATE OR REPLACE FUNCTION ttfd.purge_merge_journal(p_limit integer)
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    UPDATE ttfd.user_merges
       SET into_before = '{}', into_after = NULL, from_before = '{}', accounts = '[]', signposts = '{}', boosts = '{}',
           purchases = '{}', kept_windows = '[]', progress = NULL
     WHERE id = ANY (ARRAY(SELECT m.id FROM ttfd.user_merges m
                            WHERE m.merged_at < ttfd.kept_since('keep_merge_journal_days') AND m.into_before <> '{}'
                            LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_merge_journal(integer) IS
  'Empties the journal of merges that cannot be undone any more; that they were stays known. Returns how many.';

-- sql/functions/internal/purge_transfer_days.sql
CREATE OR REPLACE FUNCTION ttfd.purge_transfer_days(p_limit integer)
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    DELETE FROM ttfd.transfer_days
     WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM ttfd.transfer_days d
                              WHERE d.day < (ttfd.kept_since('keep_transfer_counts_days') AT TIME ZONE 'UTC')::date
                              LIMIT p_limit FOR UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_transfer_days(integer) IS
  'Removes the counts of coins sent on days that are over. Returns how many.';

-- sql/functions/internal/queue_voice.sql
-- The id of the event is in the row that is reset in the same transaction, so time is counted once, whoever reports.
CREATE OR REPLACE FUNCTION ttfd.queue_voice(p_platform text, p_external_ids text[])
RETURNS integer
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_sent ttfd.sent_event[] := ARRAY(
    SELECT (row_number() OVER (ORDER BY s.external_id), s.slice_id, s.platform, s.external_id, 'voice_time', d.data,
            s.seen_at)::ttfd.sent_event
      FROM ttfd.voice_sessions s
     CROSS JOIN LATERAL (
             SELECT jsonb_build_object('seconds', floor(s.seconds), 'idle_seconds', least(ceil(s.idle_seconds), floor(s.seconds)))
           ) d (data)
     WHERE s.platform = p_platform AND s.external_id = ANY (p_external_ids) AND s.seconds >= 1
       AND ttfd.assess_sent_event(s.slice_id, ttfd.find_rule('voice_time', s.seen_at), d.data, s.seen_at) IS NULL);
BEGIN
  UPDATE ttfd.voice_sessions s
     SET slice_id = ttfd.generate_event_id(), seconds = 0, idle_seconds = 0
   WHERE s.platform = p_platform AND s.external_id = ANY (p_external_ids);
  RETURN cardinality(ttfd.insert_events(v_sent));
END;
$$;

COMMENT ON FUNCTION ttfd.queue_voice(text, text[]) IS
  'Queues the time of voice sessions that are locked as events voice_time, if the type is enabled, and begins to count anew. Returns how many it queued.';

-- sql/functions/internal/raise_already_claimed.sql
CREATE OR REPLACE FUNCTION ttfd.raise_already_claimed(p_what text, p_next_at timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION '% was claimed already', p_what
    USING ERRCODE = 'TC002',
          HINT = format('Possible again from %s.', to_char(p_next_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
END;
$$;

COMMENT ON FUNCTION ttfd.raise_already_claimed(text, timestamptz) IS 'Refuses a claim. Raises TC002.';

-- sql/functions/internal/raise_collision.sql
CREATE OR REPLACE FUNCTION ttfd.raise_collision(p_platform text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'both users have a % account', p_platform
    USING ERRCODE = 'TL002',
          HINT = 'A user has one account on each platform. Unlink one of the two and try again; a link code was not used up.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_collision(text) IS 'Refuses to join users who both have an account on the platform. Raises TL002.';

-- sql/functions/internal/raise_event_error.sql
-- One place for the words behind the codes with which an event is refused.
CREATE OR REPLACE FUNCTION ttfd.raise_event_error(p_sqlstate text, p_event_id uuid, p_event_type text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = p_sqlstate,
    MESSAGE = format('event %s of type "%s": %s', p_event_id, p_event_type, ttfd.describe_event_error(p_sqlstate)),
    HINT = CASE p_sqlstate
             WHEN 'TU002' THEN 'Known platforms, and the form of their ids, are the rows of ttfd.platforms.'
             WHEN 'TE001' THEN 'Use an enabled row of ttfd.event_types.'
             WHEN 'TE002' THEN 'Send every event with an id of its own; resend it unchanged.'
             WHEN 'TE003' THEN 'See stated_xp_max, stated_coins_max and is_admin_only in ttfd.event_types.'
             WHEN '22004' THEN 'Make an id once for each event, and send it again with the same id when in doubt.'
             WHEN '22008' THEN 'Set the clock of the sender; occurred_at is ISO 8601 with an offset.'
             WHEN '54000' THEN 'Keep what is large elsewhere, and send in data what it is called there.'
             ELSE 'data is a JSON object: seconds and idle_seconds are numbers from 0, xp and coins whole numbers, won is a boolean.'
           END;
END;
$$;

COMMENT ON FUNCTION ttfd.raise_event_error(text, uuid, text) IS
  'Refuses an event. Raises the SQLSTATE that it is given.';

-- sql/functions/internal/raise_not_adjusted.sql
CREATE OR REPLACE FUNCTION ttfd.raise_not_adjusted(p_event_id uuid)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'no adjustment % that could be reverted', coalesce(p_event_id::text, 'NULL')
    USING ERRCODE = 'no_data_found', HINT = 'The table adjustments lists them, and what has reverted them.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_not_adjusted(uuid) IS
  'Refuses the id of an event that is no adjustment, or a reverted one. Raises P0002.';

-- sql/functions/internal/raise_not_failed.sql
CREATE OR REPLACE FUNCTION ttfd.raise_not_failed(p_event_id uuid)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'no failed event %', coalesce(p_event_id::text, 'NULL')
    USING ERRCODE = 'no_data_found', HINT = 'list_failed_events lists them.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_not_failed(uuid) IS 'Refuses the id of an event that has not failed. Raises P0002.';

-- sql/functions/internal/raise_unknown_season.sql
CREATE OR REPLACE FUNCTION ttfd.raise_unknown_season(p_season_id integer)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'no season %', coalesce(p_season_id::text, 'NULL')
    USING ERRCODE = 'TS001', HINT = 'Season ids come from list_seasons.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_unknown_season(integer) IS 'Refuses a season id. Raises TS001.';

-- sql/functions/internal/raise_unknown_user.sql
CREATE OR REPLACE FUNCTION ttfd.raise_unknown_user(p_user_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'no user %', coalesce(p_user_id::text, 'NULL')
    USING ERRCODE = 'TU001', HINT = 'User ids come from get_or_create_user, find_user and the feed.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_unknown_user(bigint) IS 'Refuses a user id. Raises TU001.';

-- sql/functions/internal/read_setting.sql
-- STRICT, so that a misspelt name fails instead of counting as nothing.
CREATE OR REPLACE FUNCTION ttfd.read_setting(p_name text)
RETURNS numeric
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_value numeric;
BEGIN
  SELECT s.value::numeric INTO STRICT v_value FROM ttfd.settings s WHERE s.name = p_name;
  RETURN v_value;
END;
$$;

COMMENT ON FUNCTION ttfd.read_setting(text) IS 'The number that a setting has.';

-- sql/functions/internal/recall_import_settlements.sql
-- What a person has decided is not asked again when the same data come again.
CREATE OR REPLACE FUNCTION ttfd.recall_import_settlements(p_run_id bigint)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  UPDATE ttfd.import_conflicts c
     SET settled_at = s.settled_at, settlement = s.settlement
    FROM (SELECT DISTINCT ON (o.reason, o.platform, o.external_id, o.candidates) o.*
            FROM ttfd.import_conflicts o
           WHERE o.run_id <> p_run_id AND o.settled_at IS NOT NULL
           ORDER BY o.reason, o.platform, o.external_id, o.candidates, o.settled_at DESC) s
   WHERE c.run_id = p_run_id
     AND (c.reason, c.platform, c.external_id, c.candidates) = (s.reason, s.platform, s.external_id, s.candidates);
$$;

COMMENT ON FUNCTION ttfd.recall_import_settlements(bigint) IS 'Settles conflicts of a run as the same ones of earlier runs were settled.';

-- sql/functions/internal/redact.sql
CREATE OR REPLACE FUNCTION ttfd.redact(p_value jsonb, p_names text[])
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  RETURN CASE jsonb_typeof(p_value)
    WHEN 'object' THEN
      (SELECT coalesce(jsonb_object_agg(e.key, ttfd.redact(e.value, p_names)), '{}') FROM jsonb_each(p_value) e)
    WHEN 'array' THEN
      (SELECT coalesce(jsonb_agg(ttfd.redact(e.value, p_names) ORDER BY e.place), '[]')
         FROM jsonb_array_elements(p_value) WITH ORDINALITY e (value, place))
    WHEN 'string' THEN
      CASE WHEN EXISTS (SELECT 1 FROM unnest(p_names) n (name) WHERE strpos(lower(p_value #>> '{}'), lower(n.name)) > 0)
           THEN '"[forgotten]"' ELSE p_value END
    ELSE p_value
  END;
END;
$$;

COMMENT ON FUNCTION ttfd.redact(jsonb, text[]) IS 'A JSON value in which every text that contains one of the names is replaced.';

-- sql/functions/internal/redeem_code.sql
-- Whoever holds a code that was made on another account owns both.
-- A refusal is a status and not an error, because an error would undo the count of failures.
CREATE OR REPLACE FUNCTION ttfd.redeem_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_code record;
  v_own_id bigint;
BEGIN
  PERFORM ttfd.require_read_committed();
  SELECT * INTO v_code FROM ttfd.use_link_code(p_code, p_platform, p_external_id);
  IF v_code.refusal IS NOT NULL THEN
    status := v_code.refusal;
    RETURN NEXT;
    RETURN;
  END IF;
  v_own_id := ttfd.find_owner(p_platform, p_external_id);
  IF v_own_id IS NULL THEN
    PERFORM ttfd.attach_account(v_code.user_id, p_platform, p_external_id, NULL, 'code');
    status := 'linked';
    user_id := v_code.user_id;
  ELSIF v_own_id = v_code.user_id THEN
    status := 'already_linked';
    user_id := v_own_id;
  ELSE
    SELECT j.status, j.user_id, j.merge_id INTO status, user_id, merge_id FROM ttfd.join_proven_users(v_own_id, v_code.user_id, 'link code') j;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_code(text, text, text) IS
  'Links an account, whose id is checked, with the one that a code was made on: see redeem_link_code.';

-- sql/functions/internal/refuse_import_links.sql
CREATE OR REPLACE FUNCTION ttfd.refuse_import_links(p_run_id bigint, p_kind text, p_reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off
AS $$
BEGIN
  WITH members AS MATERIALIZED (
    SELECT g.person AS group_id, g.has_two_users, i.source, i.source_key, i.platform, i.external_id, i.username,
           i.row_id IS NOT NULL AS has_record
      FROM ttfd.import_groups g
      JOIN ttfd.import_identities i ON i.run_id = p_run_id AND i.person = g.home
     WHERE g.run_id = p_run_id AND g.is_refused
  ), candidates AS (
    SELECT m.platform, m.external_id,
           jsonb_agg(jsonb_build_object('platform', o.platform, 'external_id', o.external_id, 'username', o.username)
                     ORDER BY o.platform, o.external_id) AS listed
      FROM members m
      JOIN members o ON o.group_id = m.group_id AND (o.platform, o.external_id) <> (m.platform, m.external_id)
     WHERE m.has_record
     GROUP BY m.platform, m.external_id
  )
  INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username, candidates)
  SELECT p_run_id, CASE WHEN m.has_two_users THEN 'two_users' ELSE p_reason END, m.source, m.source_key, m.platform,
         m.external_id, m.username, c.listed
    FROM members m
    JOIN candidates c USING (platform, external_id);

  UPDATE ttfd.import_links l
     SET is_refused = true
    FROM ttfd.import_groups g
   WHERE l.run_id = p_run_id AND l.kind = p_kind AND l.is_new
     AND g.run_id = p_run_id AND g.is_refused AND g.home = l.person;
END;
$$;

COMMENT ON FUNCTION ttfd.refuse_import_links(bigint, text, text) IS
  'Makes conflicts of the accounts whose group is refused, and marks the links that made it.';

-- sql/functions/internal/refuse_same_sources.sql
-- It really happened: two bots pointed at one database, both calling their table "users". The same table or file is known
-- by its identity; a copy of it by its rows, because two platforms do not agree on name, XP, coins and birthday of most.
CREATE OR REPLACE FUNCTION ttfd.refuse_same_sources(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE
SET enable_nestloop = off
AS $$
DECLARE
  v_pair record;
BEGIN
  SELECT a.source AS one, b.source AS other INTO v_pair
    FROM ttfd.import_sources a
    JOIN ttfd.import_sources b ON b.run_id = a.run_id AND b.source > a.source AND b.identity = a.identity
   WHERE a.run_id = p_run_id
   LIMIT 1;
  IF NOT FOUND THEN
    SELECT a.source AS one, b.source || ' of run ' || b.run_id AS other INTO v_pair
      FROM ttfd.import_sources a
      JOIN ttfd.import_sources b ON b.run_id <> a.run_id AND b.identity = a.identity AND b.origin <> a.origin
      JOIN ttfd.import_runs r ON r.id = b.run_id AND r.status = 'unified'
     WHERE a.run_id = p_run_id
     LIMIT 1;
  END IF;
  IF NOT FOUND THEN
    WITH prints AS (
      SELECT DISTINCT a.source, hash_record_extended((a.name, a.xp, a.coins, a.created_at), 0) AS print
        FROM ttfd.import_accounts a
       WHERE a.run_id = p_run_id AND a.name IS NOT NULL AND (a.xp > 0 OR a.coins > 0)
    ), sizes AS (
      SELECT p.source, count(*) AS rows FROM prints p GROUP BY p.source
    ), shared AS (
      SELECT p.print FROM prints p GROUP BY p.print HAVING count(*) > 1
    ), twins AS (
      SELECT a.source AS one, b.source AS other, count(*) AS rows
        FROM shared
        JOIN prints a USING (print)
        JOIN prints b ON b.print = a.print AND b.source > a.source
       GROUP BY a.source, b.source
    )
    SELECT t.one, t.other INTO v_pair
      FROM twins t
      JOIN sizes a ON a.source = t.one
      JOIN sizes b ON b.source = t.other
     WHERE t.rows >= 3 AND t.rows * 2 >= least(a.rows, b.rows)
     LIMIT 1;
  END IF;
  IF FOUND THEN
    RAISE EXCEPTION 'sources "%" and "%" hold the same rows', v_pair.one, v_pair.other
      USING ERRCODE = 'TI001',
            HINT = 'They would be counted twice. Give each table once, with the preset of the bot that owns it.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.refuse_same_sources(bigint) IS 'Raises TI001 when two sources of a run hold the same rows.';

-- sql/functions/internal/reject_forgotten_rows.sql
-- Who has asked to be forgotten is not imported again, and not listed by name among the rejected.
CREATE OR REPLACE FUNCTION ttfd.reject_forgotten_rows(p_run_id bigint, p_after bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ttfd.forgotten_accounts f WHERE f.expires_at > ttfd.current_time()) THEN
    RETURN;
  END IF;
  UPDATE ttfd.import_rows r
     SET reject_reason = 'forgotten', source_key = 'forgotten', record = NULL
   WHERE r.run_id = p_run_id AND r.id > p_after
     AND EXISTS (SELECT 1
                   FROM ttfd.forgotten_accounts f
                  CROSS JOIN ttfd.forgetting_key k
                  CROSS JOIN ttfd.stated_accounts(r.platform, r.record) s
                  WHERE f.expires_at > ttfd.current_time()
                    AND f.account_digest = ttfd.digest_account(k.key, s.platform, s.external_id));
END;
$$;

COMMENT ON FUNCTION ttfd.reject_forgotten_rows(bigint, bigint) IS 'Rejects the records of a run that are about somebody who was forgotten.';

-- sql/functions/internal/reject_import_rows.sql
CREATE OR REPLACE FUNCTION ttfd.reject_import_rows(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.import_repeated (run_id, platform, external_id)
  SELECT p_run_id, a.platform, a.external_id
    FROM ttfd.import_accounts a
   WHERE a.run_id = p_run_id AND a.reject_reason IS NULL
   GROUP BY a.platform, a.external_id
  HAVING count(*) > 1;

  -- The same account more than once in a part of one program's data: the first record counts; of a key that stands in a
  -- JSON object more than once the last one, as everywhere.
  WITH repeated AS (
    SELECT a.origin, a.part, a.platform, a.external_id, min(a.row_id) AS first_id
      FROM ttfd.import_accounts a
      JOIN ttfd.import_repeated m USING (run_id, platform, external_id)
     WHERE a.run_id = p_run_id AND a.reject_reason IS NULL
     GROUP BY a.origin, a.part, a.platform, a.external_id
    HAVING count(*) > 1
  ), chosen AS (
    SELECT d.origin, d.part, d.platform, d.external_id, max(k.row_id) AS row_id
      FROM repeated d
      JOIN ttfd.import_rows f ON f.id = d.first_id
      JOIN ttfd.import_accounts k
        ON k.run_id = p_run_id AND k.reject_reason IS NULL
       AND (k.origin, k.part, k.platform, k.external_id, k.source, k.source_key)
           = (d.origin, d.part, d.platform, d.external_id, f.source, f.source_key)
     GROUP BY d.origin, d.part, d.platform, d.external_id
  )
  UPDATE ttfd.import_accounts a
     SET reject_reason = 'duplicate of ' || k.source_key
                         || CASE WHEN k.record = r.record THEN '' ELSE ', with other values' END
    FROM chosen c
    JOIN ttfd.import_rows k ON k.id = c.row_id,
         ttfd.import_rows r
   WHERE a.run_id = p_run_id AND a.reject_reason IS NULL
     AND (a.origin, a.part, a.platform, a.external_id) = (c.origin, c.part, c.platform, c.external_id)
     AND a.row_id <> c.row_id
     AND r.id = a.row_id;

  UPDATE ttfd.import_rows r
     SET reject_reason = a.reject_reason
    FROM ttfd.import_accounts a
   WHERE a.run_id = p_run_id AND a.reject_reason IS NOT NULL AND r.id = a.row_id;

  DELETE FROM ttfd.import_accounts a WHERE a.run_id = p_run_id AND a.reject_reason IS NOT NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.reject_import_rows(bigint) IS 'Marks the records of a run that cannot be imported with the reason.';

-- sql/functions/internal/remove_import_accounts.sql
CREATE OR REPLACE FUNCTION ttfd.remove_import_accounts(p_run_id bigint)
RETURNS TABLE (users bigint, accounts bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_removed bigint;
BEGIN
  -- Members whom the run made, who have no other account and have done nothing since.
  UPDATE ttfd.unified_users u
     SET forgotten_at = ttfd.current_time(), daily_streak = 0, last_daily = NULL, achievements = '{}'
   WHERE u.id IN (SELECT a.user_id
                    FROM ttfd.platform_accounts a
                   GROUP BY a.user_id
                  HAVING bool_and(a.import_run_id IS NOT DISTINCT FROM p_run_id))
     AND u.xp = 0 AND u.coins = 0 AND u.forgotten_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM ttfd.import_changes c WHERE c.run_id = p_run_id AND c.user_id = u.id)
     AND NOT EXISTS (SELECT 1 FROM ttfd.cross_platform_events e WHERE e.user_id = u.id AND e.event_type <> 'opening_balance')
     AND NOT EXISTS (SELECT 1 FROM ttfd.unified_users m WHERE m.merged_into = u.id);
  GET DIAGNOSTICS users = ROW_COUNT;

  DELETE FROM ttfd.platform_accounts a
   USING ttfd.unified_users u
   WHERE a.import_run_id = p_run_id AND u.id = a.user_id AND u.forgotten_at IS NOT NULL;
  GET DIAGNOSTICS accounts = ROW_COUNT;

  -- Accounts that it gave to members who were there before; nobody loses the last one.
  DELETE FROM ttfd.platform_accounts a
   USING ttfd.import_changes c
   WHERE a.import_run_id = p_run_id AND c.run_id = p_run_id AND c.user_id = a.user_id
     AND EXISTS (SELECT 1 FROM ttfd.platform_accounts o
                  WHERE o.user_id = a.user_id AND o.import_run_id IS DISTINCT FROM p_run_id);
  GET DIAGNOSTICS v_removed = ROW_COUNT;
  accounts := accounts + v_removed;
  UPDATE ttfd.platform_accounts a SET import_run_id = NULL WHERE a.import_run_id = p_run_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.remove_import_accounts(bigint) IS
  'Removes the accounts that a run brought, and with them the members who are nothing else. Returns users, accounts.';

-- sql/functions/internal/rename_account.sql
-- Names rarely change, so we look before we lock. The user comes before its account, as in a merge. An account that has
-- changed hands meanwhile gets its name the next time.
CREATE OR REPLACE FUNCTION ttfd.rename_account(
  p_platform text, p_external_id text, p_username text, p_display_name text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT a.user_id INTO v_user_id
    FROM ttfd.platform_accounts a
   WHERE a.platform = p_platform AND a.external_id = p_external_id
     AND (a.username, a.display_name)
         IS DISTINCT FROM (coalesce(p_username, a.username), coalesce(p_display_name, a.display_name));
  IF FOUND THEN
    v_user_id := (ttfd.lock_user(v_user_id)).id;
    UPDATE ttfd.platform_accounts a
       SET username = coalesce(p_username, a.username), display_name = coalesce(p_display_name, a.display_name)
     WHERE a.platform = p_platform AND a.external_id = p_external_id AND a.user_id = v_user_id;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.rename_account(text, text, text, text) IS
  'Gives a platform account the names that are not NULL. Expects a checked external id.';

-- sql/functions/internal/report_import.sql
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

-- sql/functions/internal/require_loading_import.sql
CREATE OR REPLACE FUNCTION ttfd.require_loading_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ttfd.import_runs r WHERE r.id = p_run_id AND r.status = 'loading' FOR UPDATE) THEN
    RAISE EXCEPTION 'import run % is not waiting to be unified', coalesce(p_run_id::text, 'NULL')
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Open a run with start_import.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_loading_import(bigint) IS
  'Locks a run that waits to be unified. Raises 55000 for any other.';

-- sql/functions/internal/require_metric.sql
CREATE OR REPLACE FUNCTION ttfd.require_metric(p_metric text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_metric IS NULL OR p_metric NOT IN ('xp', 'season', 'coins', 'messages', 'voice', 'games', 'wins') THEN
    RAISE EXCEPTION 'no metric named "%"', p_metric
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use xp, season, coins, messages, voice, games or wins.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_metric(text) IS 'Refuses an unknown leaderboard metric. Raises 22023.';

-- sql/functions/internal/require_platform.sql
CREATE OR REPLACE FUNCTION ttfd.require_platform(p_platform text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_role_name text;
BEGIN
  SELECT p.role_name INTO v_role_name FROM ttfd.platforms p WHERE p.name = p_platform;
  IF NOT FOUND OR NOT ttfd.may_speak(v_role_name) THEN
    RAISE EXCEPTION 'role "%" may not speak for platform "%"', ttfd.caller_role(), coalesce(p_platform, 'NULL')
      USING ERRCODE = 'TP001', HINT = 'Connect as a member of the role of that platform.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_platform(text) IS 'Checks that the caller may speak for a platform. Raises TP001.';

-- sql/functions/internal/require_read_committed.sql
-- Under a stricter isolation the second look of insert_event would be blind to what has just been applied.
CREATE OR REPLACE FUNCTION ttfd.require_read_committed()
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'ttfd grants events under READ COMMITTED only'
      USING ERRCODE = 'feature_not_supported', HINT = 'Call it in a transaction of the default isolation level.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_read_committed() IS 'Raises 0A000 in a transaction of another isolation level.';

-- sql/functions/internal/require_undoable.sql
CREATE OR REPLACE FUNCTION ttfd.require_undoable(p_merge ttfd.user_merges)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_later_id bigint := (SELECT max(m.id) FROM ttfd.user_merges m
                         WHERE m.id > p_merge.id AND m.undone_at IS NULL AND p_merge.into_id IN (m.into_id, m.from_id));
  v_accounts integer;  -- Of those that moved, how many are still there.
  v_others integer;
BEGIN
  IF ttfd.current_time() > p_merge.merged_at + INTERVAL '7 days' THEN
    RAISE EXCEPTION 'merge % is older than 7 days', p_merge.id
      USING ERRCODE = 'TM001', HINT = 'Unlink an account instead: it starts anew when it speaks again.';
  ELSIF v_later_id IS NOT NULL THEN
    RAISE EXCEPTION 'user % was merged again after merge %', p_merge.into_id, p_merge.id
      USING ERRCODE = 'TM001', HINT = format('Undo merge %s first.', v_later_id);
  END IF;
  SELECT count(*) FILTER (WHERE m.platform IS NOT NULL), count(*) FILTER (WHERE m.platform IS NULL)
    INTO v_accounts, v_others
    FROM ttfd.platform_accounts a
    LEFT JOIN jsonb_to_recordset(p_merge.accounts) m (platform text, linked_at timestamptz)
      ON m.platform = a.platform AND m.linked_at = a.linked_at
   WHERE a.user_id = p_merge.into_id;
  IF v_accounts < jsonb_array_length(p_merge.accounts) OR v_others = 0 THEN
    RAISE EXCEPTION 'an account of merge % was unlinked since', p_merge.id
      USING ERRCODE = 'TM001', HINT = 'Each of the two users needs its accounts back.';
  END IF;
  IF EXISTS (SELECT 1 FROM ttfd.unified_users u
              WHERE u.id = p_merge.into_id
                AND (u.xp < (p_merge.from_before ->> 'xp')::bigint OR u.coins < (p_merge.from_before ->> 'coins')::bigint)) THEN
    RAISE EXCEPTION 'what merge % moved was spent', p_merge.id
      USING ERRCODE = 'TM002', HINT = 'It can be undone once the balance covers what was moved.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_undoable(ttfd.user_merges) IS
  'Refuses to undo a merge that has gone too far, while its users are locked. Raises TM001, TM002.';

-- sql/functions/internal/require_undoable_import.sql
CREATE OR REPLACE FUNCTION ttfd.require_undoable_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_later bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ttfd.import_runs r WHERE r.id = p_run_id AND r.status = 'unified' FOR UPDATE) THEN
    RAISE EXCEPTION 'run % is no finished import', coalesce(p_run_id::text, 'NULL')
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Only an import that was carried out, and not undone, can be undone.';
  END IF;
  SELECT max(r.id) INTO v_later FROM ttfd.import_runs r WHERE r.id > p_run_id AND r.status = 'unified';
  IF v_later IS NOT NULL THEN
    RAISE EXCEPTION 'run % is not the last import', p_run_id
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Undo run ' || v_later || ' first: it builds on this one.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_undoable_import(bigint) IS 'Raises 55000 unless the run is the last one that was unified; locks it.';

-- sql/functions/internal/require_unlinker.sql
-- The website shows members all their accounts, so it may unlink any of them.
CREATE OR REPLACE FUNCTION ttfd.require_unlinker(p_platform text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_role_name text := (SELECT p.role_name FROM ttfd.platforms p WHERE p.name = p_platform);
BEGIN
  IF v_role_name IS NULL THEN
    RAISE EXCEPTION 'no platform named "%"', p_platform
      USING ERRCODE = 'TU002', HINT = 'Known platforms are the rows of ttfd.platforms.';
  ELSIF NOT ttfd.may_speak(v_role_name) AND NOT ttfd.may_speak('ttfd_website') THEN
    RAISE EXCEPTION 'role "%" may not unlink accounts of platform "%"', ttfd.caller_role(), p_platform
      USING ERRCODE = 'TP001', HINT = format('Connect as a member of %s or ttfd_website.', v_role_name);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_unlinker(text) IS
  'Checks that the caller may unlink accounts of the platform. Raises TP001, TU002.';

-- sql/functions/internal/resolve_platform.sql
-- The gate of every function that speaks for an account.
CREATE OR REPLACE FUNCTION ttfd.resolve_platform(p_platform text, p_external_id text)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_role_name text;
BEGIN
  SELECT role_name INTO v_role_name FROM ttfd.platforms WHERE name = p_platform;
  IF FOUND AND NOT ttfd.may_speak(v_role_name) THEN
    RAISE EXCEPTION 'role "%" may not speak for platform "%"', ttfd.caller_role(), p_platform
      USING ERRCODE = 'TP001', HINT = format('Connect as a member of %s.', v_role_name);
  END IF;
  RETURN ttfd.normalise_external_id(p_platform, p_external_id);
END;
$$;

COMMENT ON FUNCTION ttfd.resolve_platform(text, text) IS
  'Checks that the caller may speak for the platform. Returns the external id as it is stored. Raises TP001, TU002.';

-- sql/functions/internal/resolve_user.sql
-- Bots call this with every event, so the known account is one probe; all checks and the first contact come after it.
CREATE OR REPLACE FUNCTION ttfd.resolve_user(p_platform text, p_external_id text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT a.user_id INTO v_user_id
    FROM ttfd.platform_accounts a
    JOIN ttfd.platforms p ON p.name = a.platform
   WHERE a.platform = p_platform
     AND a.external_id = p_external_id
     AND ttfd.may_speak(p.role_name);
  IF FOUND THEN
    RETURN v_user_id;
  END IF;
  RETURN (SELECT c.user_id
            FROM ttfd.create_account(p_platform, ttfd.resolve_platform(p_platform, p_external_id), NULL, NULL) c);
END;
$$;

COMMENT ON FUNCTION ttfd.resolve_user(text, text) IS
  'The user behind a platform account, created at first contact. Raises TP001, TU002.';

-- sql/functions/internal/restore_best.sql
-- The counterpart of take_best: what is as the merge left it goes back to what it was before; what was reached since stays.
-- next_rank_xp is set so that the rank is looked at anew: a rank above the restored one that the survivor's own XP
-- has reached since was hidden by the merged XP, and is paid now.
CREATE OR REPLACE FUNCTION ttfd.restore_best(
  p_into_id bigint, p_before ttfd.unified_users, p_after ttfd.unified_users)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET xp = u.xp,
         next_rank_xp = u.xp,
         highest_rank_id = CASE WHEN u.highest_rank_id = p_after.highest_rank_id THEN p_before.highest_rank_id
                                ELSE u.highest_rank_id END,
         achievements = ARRAY(
           SELECT a.name
             FROM unnest(u.achievements) WITH ORDINALITY a (name, place)
            WHERE a.name = ANY (p_before.achievements) OR a.name <> ALL (p_after.achievements)
            ORDER BY a.place),
         daily_streak = d.daily_streak,
         streak_freezes = d.streak_freezes,
         last_daily = d.last_daily,
         last_daily_at = d.last_daily_at,
         last_daily_zone = d.last_daily_zone,
         is_hidden = CASE WHEN u.is_hidden = p_after.is_hidden THEN p_before.is_hidden ELSE u.is_hidden END,
         xp_since = CASE WHEN u.xp_since = p_after.xp_since THEN p_before.xp_since ELSE u.xp_since END,
         created_at = CASE WHEN u.created_at = p_after.created_at THEN p_before.created_at ELSE u.created_at END,
         last_active = CASE WHEN u.last_active = p_after.last_active THEN p_before.last_active ELSE u.last_active END
    FROM (SELECT (CASE WHEN (s.daily_streak, s.last_daily) IS NOT DISTINCT FROM (p_after.daily_streak, p_after.last_daily)
                       THEN p_before ELSE s END).*
            FROM ttfd.unified_users s
           WHERE s.id = p_into_id) d
   WHERE u.id = p_into_id;
END;
$$;

COMMENT ON FUNCTION ttfd.restore_best(bigint, ttfd.unified_users, ttfd.unified_users) IS
  'Takes back from the survivor of a merge what take_best gave it, and leaves what it reached since.';

-- sql/functions/internal/restore_limits.sql
CREATE OR REPLACE FUNCTION ttfd.restore_limits(p_user_id bigint, p_limits jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET last_daily = greatest(u.last_daily, (p_limits ->> 'last_daily')::date),
         last_daily_at = greatest(u.last_daily_at, (p_limits ->> 'last_daily_at')::timestamptz),
         last_daily_zone = coalesce(p_limits ->> 'last_daily_zone', u.last_daily_zone),
         achievements = u.achievements || ARRAY(
           SELECT k.name FROM jsonb_array_elements_text(p_limits -> 'achievements') k (name) WHERE k.name <> ALL (u.achievements)),
         highest_rank_id = greatest(u.highest_rank_id, (p_limits ->> 'highest_rank_id')::smallint)
   WHERE u.id = p_user_id;
  INSERT INTO ttfd.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
  SELECT p_user_id, l.event_type, l.is_daily, l.starts_at, l.xp
    FROM jsonb_to_recordset(p_limits -> 'windows') l (event_type text, is_daily boolean, starts_at timestamptz, xp bigint)
  ON CONFLICT (user_id, event_type, is_daily, starts_at) DO UPDATE SET xp = greatest(w.xp, EXCLUDED.xp);
  INSERT INTO ttfd.user_achievements (user_id, achievement, unlocked_at)
  SELECT p_user_id, k.name, ttfd.current_time() FROM jsonb_array_elements_text(p_limits -> 'achievements') k (name)
  ON CONFLICT (user_id, achievement) DO NOTHING;
  INSERT INTO ttfd.transfer_days AS d (user_id, day, coins)
  SELECT p_user_id, t.day, sum(t.coins)::bigint
    FROM jsonb_to_recordset(p_limits -> 'transfers') t (day date, coins bigint)
   GROUP BY t.day
  ON CONFLICT (user_id, day) DO UPDATE SET coins = greatest(d.coins, EXCLUDED.coins);
END;
$$;

COMMENT ON FUNCTION ttfd.restore_limits(bigint, jsonb) IS 'Gives a member the limits that collect_limits had collected.';

-- sql/functions/internal/restore_value.sql
CREATE OR REPLACE FUNCTION ttfd.restore_value(p_before jsonb, p_after jsonb, p_name text, p_now text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_after IS NOT NULL AND p_after ->> p_name IS NOT DISTINCT FROM p_now THEN p_before ->> p_name ELSE p_now END;
$$;

COMMENT ON FUNCTION ttfd.restore_value(jsonb, jsonb, text, text) IS 'The value before a change, unless it has changed again since.';

-- sql/functions/internal/return_award_windows.sql
CREATE OR REPLACE FUNCTION ttfd.return_award_windows(p_from_id bigint, p_into_id bigint, p_kept jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  DELETE FROM ttfd.award_windows w
   USING ttfd.award_windows f
   WHERE w.user_id = p_into_id AND f.user_id = p_from_id
     AND (w.event_type, w.is_daily, w.starts_at) = (f.event_type, f.is_daily, f.starts_at)
     AND CASE WHEN w.is_daily THEN w.xp = f.xp
              ELSE NOT EXISTS (SELECT 1 FROM jsonb_to_recordset(p_kept) k (event_type text, starts_at timestamptz)
                                WHERE (k.event_type, k.starts_at) = (w.event_type, w.starts_at)) END;
  UPDATE ttfd.award_windows w
     SET xp = w.xp - f.xp
    FROM ttfd.award_windows f
   WHERE w.user_id = p_into_id AND f.user_id = p_from_id AND w.is_daily
     AND (w.event_type, w.is_daily, w.starts_at) = (f.event_type, f.is_daily, f.starts_at);
END;
$$;

COMMENT ON FUNCTION ttfd.return_award_windows(bigint, bigint, jsonb) IS
  'Takes back what carry_award_windows added; p_kept is what that returned.';

-- sql/functions/internal/return_progress.sql
-- What the survivor has reached on its own since is unlocked anew, with its reward, when its next event is applied.
CREATE OR REPLACE FUNCTION ttfd.return_progress(p_journal jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_from_id bigint := (p_journal ->> 'from_id')::bigint;
  v_into_id bigint := (p_journal ->> 'into_id')::bigint;
  v_names text[] := ARRAY(SELECT jsonb_array_elements_text(p_journal -> 'achievements'));
BEGIN
  PERFORM ttfd.move_season_scores(p_journal -> 'scores', v_into_id, v_from_id);
  UPDATE ttfd.unified_users u
     SET season_reached_at = (p_journal ->> 'reached_at')::timestamptz
   WHERE u.id = v_into_id
     AND u.season_reached_at IN (
           SELECT s.reached_at
             FROM jsonb_to_recordset(p_journal -> 'scores') s (season_id integer, reached_at timestamptz)
            WHERE s.season_id = u.season_id AND s.reached_at > (p_journal ->> 'reached_at')::timestamptz);
  DELETE FROM ttfd.user_achievements k WHERE k.user_id = v_into_id AND k.achievement = ANY (v_names);
  UPDATE ttfd.unified_users u
     SET achievements = ARRAY(
           SELECT a.name
             FROM unnest(u.achievements) WITH ORDINALITY a (name, place)
            WHERE a.name <> ALL (v_names)
            ORDER BY a.place)
   WHERE u.id = v_into_id;
END;
$$;

COMMENT ON FUNCTION ttfd.return_progress(jsonb) IS
  'For the undoing of a merge, once all else is back, of two users who are locked: takes back what carry_progress did, given what it returned. Scores of seasons that were closed meanwhile stay.';

-- sql/functions/internal/return_transfer_days.sql
CREATE OR REPLACE FUNCTION ttfd.return_transfer_days(p_from_id bigint, p_into_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.transfer_days d
     SET coins = d.coins - f.coins
    FROM ttfd.transfer_days f
   WHERE d.user_id = p_into_id AND f.user_id = p_from_id AND f.day = d.day;
  DELETE FROM ttfd.transfer_days d WHERE d.user_id = p_into_id AND d.coins = 0;
END;
$$;

COMMENT ON FUNCTION ttfd.return_transfer_days(bigint, bigint) IS 'Takes back what carry_transfer_days added.';

-- sql/functions/internal/reverse_merge.sql
-- join_users backwards. What the survivor has earned since is nobody else's. A column that was added since the merge is not
-- in the journal: it stays as it is.
CREATE OR REPLACE FUNCTION ttfd.reverse_merge(p_merge ttfd.user_merges)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_from ttfd.unified_users;
  v_into ttfd.unified_users;
  v_before ttfd.unified_users;
  v_after ttfd.unified_users;
  v_told jsonb;
BEGIN
  SELECT * INTO v_from FROM ttfd.unified_users WHERE id = p_merge.from_id;
  SELECT * INTO v_into FROM ttfd.unified_users WHERE id = p_merge.into_id;
  v_from := jsonb_populate_record(v_from, p_merge.from_before);
  v_before := jsonb_populate_record(v_into, p_merge.into_before);
  v_after := jsonb_populate_record(v_into, p_merge.into_after);
  v_told := jsonb_build_object('merge_id', p_merge.id, 'into_id', p_merge.into_id, 'from_id', p_merge.from_id,
                               'platforms', v_before.platforms || v_from.platforms);
  UPDATE ttfd.unified_users
     SET merged_into = NULL, primary_platform = v_from.primary_platform
   WHERE id = p_merge.from_id;
  UPDATE ttfd.unified_users SET merged_into = p_merge.from_id WHERE id = ANY (p_merge.signposts);
  UPDATE ttfd.platform_accounts a
     SET user_id = p_merge.from_id, link_method = m.link_method
    FROM jsonb_to_recordset(p_merge.accounts) m (platform text, link_method text)
   WHERE a.user_id = p_merge.into_id AND a.platform = m.platform;
  UPDATE ttfd.boosts SET user_id = p_merge.from_id WHERE id = ANY (p_merge.boosts) AND user_id = p_merge.into_id;
  UPDATE ttfd.purchases SET user_id = p_merge.from_id WHERE event_id = ANY (p_merge.purchases) AND user_id = p_merge.into_id;
  PERFORM ttfd.return_transfer_days(p_merge.from_id, p_merge.into_id);
  PERFORM ttfd.return_award_windows(p_merge.from_id, p_merge.into_id, p_merge.kept_windows);
  PERFORM ttfd.move_progress(p_merge.into_id, p_merge.from_id, v_from, 'merge_undone', v_told);
  UPDATE ttfd.unified_users SET xp_since = v_from.xp_since WHERE id = p_merge.from_id;
  PERFORM ttfd.restore_best(p_merge.into_id, v_before, v_after);
  PERFORM ttfd.return_progress(p_merge.progress);
  UPDATE ttfd.user_merges SET undone_at = ttfd.current_time() WHERE id = p_merge.id;
  PERFORM ttfd.audit('merge_undone', NULL, v_told || jsonb_build_object('xp', v_from.xp, 'coins', v_from.coins));
END;
$$;

COMMENT ON FUNCTION ttfd.reverse_merge(ttfd.user_merges) IS 'Makes two users again of one that is locked.';

-- sql/functions/internal/running_season.sql
-- For readers: find_season starts a season that is due, and so may write.
CREATE OR REPLACE FUNCTION ttfd.running_season()
RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  RETURN (SELECT s.id FROM ttfd.seasons s WHERE s.starts_at <= v_now AND s.ends_at > v_now AND s.closed_at IS NULL);
END;
$$;

COMMENT ON FUNCTION ttfd.running_season() IS 'The season of this moment; NULL when there is none.';

-- sql/functions/internal/schedule_purchase.sql
-- Nobody pays for a time twice: a further one of the same item waits until the earlier ends.
CREATE OR REPLACE FUNCTION ttfd.schedule_purchase(p_user_id bigint, p_item ttfd.shop_items)
RETURNS TABLE (starts_at timestamptz, expires_at timestamptz)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  starts_at := ttfd.current_time();
  IF p_item.duration_seconds IS NOT NULL THEN
    starts_at := greatest(starts_at, (SELECT max(p.expires_at) FROM ttfd.purchases p
                                       WHERE p.user_id = p_user_id AND p.item = p_item.name));
    expires_at := starts_at + make_interval(secs => p_item.duration_seconds);
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.schedule_purchase(bigint, ttfd.shop_items) IS
  'From when to when a purchase made now would last; expires_at is NULL for good.';

-- sql/functions/internal/season_board.sql
-- Each season has a board of its own, so nothing has to be done when another begins.
CREATE OR REPLACE FUNCTION ttfd.season_board(p_season_id integer)
RETURNS integer
LANGUAGE sql IMMUTABLE
AS $$
  SELECT 5 + p_season_id;
$$;

COMMENT ON FUNCTION ttfd.season_board(integer) IS 'The board of standings and board_counts that shows a season.';

-- sql/functions/internal/season_standings.sql
CREATE OR REPLACE FUNCTION ttfd.season_standings(p_season_id integer)
RETURNS TABLE (place bigint, user_id bigint, xp bigint, reached_at timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT row_number() OVER (ORDER BY s.xp DESC, s.reached_at, s.user_id), s.user_id, s.xp, s.reached_at
    FROM ttfd.list_season_players(p_season_id) s;
$$;

COMMENT ON FUNCTION ttfd.season_standings(integer) IS
  'How a season stands that is not closed: the most XP first, then who had it first, then the lower id.';

-- sql/functions/internal/settle_achievements.sql
-- The primary key of user_achievements is what makes it once. What is already shown (imported, or carried over by a merge)
-- is settled as it is. Rewards may raise a rank, which the trigger pays, and reach further achievements: the event of the
-- reward passes through a batch, which looks at its member again.
CREATE OR REPLACE FUNCTION ttfd.settle_achievements(p_user_ids bigint[], p_is_paid boolean)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = on  -- A batch has it off.
SET jit = off
AS $$
DECLARE
  v_members bigint;
BEGIN
  WITH due AS MATERIALIZED (
    SELECT p.user_id, a.name, a.sort_order, a.xp, a.coins
      FROM ttfd.achievement_progress(p_user_ids) p
      JOIN ttfd.achievements a ON a.name = p.name
     WHERE p.is_reached AND NOT p.is_shown
  ), unlocked AS (
    INSERT INTO ttfd.user_achievements AS k (user_id, achievement, unlocked_at)
    SELECT d.user_id, d.name, ttfd.current_time() FROM due d
    ON CONFLICT (user_id, achievement) DO NOTHING
    RETURNING k.user_id, k.achievement
  ), summed AS MATERIALIZED (
    SELECT d.user_id,
           array_agg(d.name ORDER BY d.sort_order, d.name) AS shown,
           jsonb_agg(d.name ORDER BY d.sort_order, d.name) FILTER (WHERE k.user_id IS NOT NULL AND p_is_paid) AS paid,
           coalesce(sum(d.xp) FILTER (WHERE k.user_id IS NOT NULL AND p_is_paid), 0)::bigint AS xp,
           coalesce(sum(d.coins) FILTER (WHERE k.user_id IS NOT NULL AND p_is_paid), 0)::bigint AS coins
      FROM due d
      LEFT JOIN unlocked k ON k.user_id = d.user_id AND k.achievement = d.name
     GROUP BY d.user_id
  ), told AS (
    INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
    SELECT ttfd.generate_event_id(), s.user_id, 'achievement_unlock', 'system',
           jsonb_build_object('achievements', s.paid), s.xp, s.coins, ttfd.current_time()
      FROM summed s
     WHERE s.paid IS NOT NULL
     ORDER BY s.user_id
  ), shown AS (
    UPDATE ttfd.unified_users u
       SET achievements = u.achievements || s.shown, xp = u.xp + s.xp, coins = u.coins + s.coins,
           xp_since = CASE WHEN s.xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, ttfd.current_time()) END
      FROM summed s
     WHERE u.id = s.user_id AND u.id = ANY (p_user_ids)  -- or the plan may read every member
    RETURNING 1
  )
  SELECT count(*) INTO v_members FROM shown;
  RETURN v_members;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_achievements(bigint[], boolean) IS
  'Unlocks whatever these members, who are locked, have reached. Paid, it is an event achievement_unlock for each of them; unpaid (imports, merges) it is silent. Returns how many members it changed.';

-- sql/functions/internal/settle_moves.sql
CREATE OR REPLACE FUNCTION ttfd.settle_moves()
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_xp bigint[];
  v_members bigint[];
BEGIN
  WITH settled AS (
    DELETE FROM ttfd.xp_moves RETURNING xp, members
  )
  SELECT array_agg(s.xp), array_agg(s.members) INTO v_xp, v_members FROM settled s;
  IF v_xp IS NOT NULL THEN
    PERFORM ttfd.count_moves(v_xp, v_members);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_moves() IS 'Brings board_counts up to date with the moves that were made since. Expects feed_head locked.';

-- sql/functions/internal/settle_season.sql
-- Everybody who took part is told the place by an event; the rewards are paid when the batch applies it. No member is locked
-- here, so that closing a season waits for nobody who plays. user_id 0 stands for the community.
CREATE OR REPLACE FUNCTION ttfd.settle_season(p_season ttfd.seasons)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_participants bigint;
BEGIN
  INSERT INTO ttfd.season_results (season_id, place, user_id, xp, reached_at, reward_xp, reward_coins)
  SELECT p_season.id, s.place, s.user_id, s.xp, s.reached_at, w.xp, w.coins
    FROM ttfd.season_standings(p_season.id) s
   CROSS JOIN LATERAL ttfd.find_season_reward(p_season.id, s.place) w;
  GET DIAGNOSTICS v_participants = ROW_COUNT;
  DELETE FROM ttfd.season_scores k WHERE k.season_id = p_season.id;
  UPDATE ttfd.seasons s SET closed_at = v_now, ends_at = least(s.ends_at, v_now) WHERE s.id = p_season.id;

  INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, occurred_at)
  SELECT ttfd.generate_event_id(), r.user_id, 'season_reward', 'system',
         jsonb_build_object('season_id', p_season.id, 'season', p_season.name, 'place', r.place, 'season_xp', r.xp,
                            'xp', r.reward_xp, 'coins', r.reward_coins),
         v_now
    FROM ttfd.season_results r
   WHERE r.season_id = p_season.id
   ORDER BY r.place;
  INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  VALUES (ttfd.generate_event_id(), 0, 'season_closed', 'system',
          jsonb_build_object(
            'season_id', p_season.id, 'season', p_season.name, 'participants', v_participants,
            'winners', (SELECT coalesce(jsonb_agg(jsonb_build_object('place', r.place, 'user_id', r.user_id, 'season_xp', r.xp)
                                                  ORDER BY r.place), '[]')
                          FROM ttfd.season_results r
                         WHERE r.season_id = p_season.id AND r.place <= 3)),
          0, 0, v_now);
  PERFORM ttfd.audit('season_closed', to_jsonb(p_season), jsonb_build_object('participants', v_participants));
  RETURN v_participants;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_season(ttfd.seasons) IS
  'Closes a season whose row is locked: results, an event season_reward for each who took part, an event season_closed. Returns how many took part.';

-- sql/functions/internal/settle_standings.sql
-- Who has moved is told by the events. The value is read, not added up: whoever has changed it since is in the
-- queue and is settled later. Each row is looked up by itself (OFFSET 0) and changed by its place (ctid), which holds under
-- the lock: a plan from when the table was empty would read all of it for each.
-- A hidden member keeps standing on the board below zero, where nobody looks, and so comes back to the old place. The score of
-- a season (as list_season_players has it) says itself since when, and is kept for who is listed alone.
CREATE OR REPLACE FUNCTION ttfd.settle_standings(p_after bigint, p_is_drained boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  v_seasons integer[] := ttfd.shown_seasons();
  v_moves record;
BEGIN
  UPDATE ttfd.feed_head h SET settled_to = h.position WHERE h.position > p_after;
  IF NOT FOUND AND NOT EXISTS (SELECT 1 FROM ttfd.standing_changes c WHERE c.user_id > 0) THEN
    RETURN;
  END IF;
  FOR v_moves IN
    WITH marked AS MATERIALIZED (
      DELETE FROM ttfd.standing_changes
       WHERE ctid = ANY (ARRAY(SELECT c.ctid FROM ttfd.standing_changes c WHERE p_is_drained AND c.user_id > 0 LIMIT 10000))
      RETURNING user_id, at
    ), told AS (
      SELECT e.user_id, e.occurred_at, e.event_type, t.counter, e.xp, e.coins, e.data
        FROM ttfd.cross_platform_events_processed e
        LEFT JOIN ttfd.event_types t ON t.name = e.event_type
       WHERE e.position > p_after AND e.user_id <> 0
       UNION ALL
      SELECT m.user_id, m.at, 'opening_balance', NULL, 0, 0, NULL FROM marked m
    ), heard AS MATERIALIZED (
      SELECT e.user_id,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(1, e.counter, e.event_type, e.xp, e.coins, e.data)) AS coins_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(2, e.counter, e.event_type, e.xp, e.coins, e.data)) AS messages_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(3, e.counter, e.event_type, e.xp, e.coins, e.data)) AS voice_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(4, e.counter, e.event_type, e.xp, e.coins, e.data)) AS games_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(5, e.counter, e.event_type, e.xp, e.coins, e.data)) AS wins_at,
             bool_or(ttfd.moves_board(6, e.counter, e.event_type, e.xp, e.coins, e.data)) AS has_played,
             max(e.occurred_at) FILTER (WHERE ttfd.touches_boards(e.event_type)) AS touched_at
        FROM told e
       GROUP BY e.user_id
    ), present AS MATERIALIZED (
      SELECT h.*, CASE WHEN u.is_listed THEN 1 ELSE -1 END AS sign,
             coalesce(u.coins, 0) AS coins, coalesce(u.messages_sent, 0) AS messages, coalesce(u.total_voice_time, 0) AS voice,
             coalesce(u.games_played, 0) AS games, coalesce(u.games_won, 0) AS wins, u.season_id, u.season_xp, u.season_reached_at
        FROM heard h
        LEFT JOIN ttfd.unified_users u ON u.id = h.user_id AND u.merged_into IS NULL AND u.forgotten_at IS NULL
    ), changed AS MATERIALIZED (
      SELECT b.user_id, b.sign * b.board AS board, b.value, s.ctid AS place, s.board AS old_board,
             -s.minus_value AS old_value, s.since AS old_since,
             CASE WHEN b.board > ttfd.season_board(0) THEN b.moved_at
                  ELSE ttfd.standing_since(s.since, b.value = -s.minus_value, b.moved_at, b.touched_at) END AS since
        FROM (SELECT p.user_id, p.sign, 1, p.coins, p.coins_at, p.touched_at
                FROM present p WHERE p.coins_at IS NOT NULL OR p.touched_at IS NOT NULL
               UNION ALL
              SELECT p.user_id, p.sign, 2, p.messages, p.messages_at, p.touched_at
                FROM present p WHERE p.messages_at IS NOT NULL OR p.touched_at IS NOT NULL
               UNION ALL
              SELECT p.user_id, p.sign, 3, p.voice, p.voice_at, p.touched_at
                FROM present p WHERE p.voice_at IS NOT NULL OR p.touched_at IS NOT NULL
               UNION ALL
              SELECT p.user_id, p.sign, 4, p.games, p.games_at, p.touched_at
                FROM present p WHERE p.games_at IS NOT NULL OR p.touched_at IS NOT NULL
               UNION ALL
              SELECT p.user_id, p.sign, 5, p.wins, p.wins_at, p.touched_at
                FROM present p WHERE p.wins_at IS NOT NULL OR p.touched_at IS NOT NULL
               UNION ALL
              SELECT p.user_id, 1, ttfd.season_board(o.id),
                     greatest(0, p.sign * (coalesce(k.xp, 0) + CASE WHEN p.season_id = o.id THEN p.season_xp ELSE 0 END)),
                     coalesce(greatest(k.reached_at, CASE WHEN p.season_id = o.id THEN p.season_reached_at END),
                              TIMESTAMPTZ 'epoch'),
                     NULL
                FROM present p
               CROSS JOIN unnest(v_seasons) o (id)
                LEFT JOIN LATERAL (
                       SELECT c.xp, c.reached_at
                         FROM ttfd.season_scores c
                        WHERE c.user_id = p.user_id AND c.season_id = o.id
                       OFFSET 0) k ON true
               WHERE p.has_played OR p.touched_at IS NOT NULL
             ) b (user_id, sign, board, value, moved_at, touched_at)
        LEFT JOIN LATERAL (
               SELECT o.ctid, o.board, o.minus_value, o.since
                 FROM ttfd.standings o
                WHERE o.user_id = b.user_id AND o.board = ANY (ARRAY[b.board, -b.board])
               OFFSET 0) s ON true
    ), gone AS (
      DELETE FROM ttfd.standings s USING changed c WHERE c.value = 0 AND s.ctid = c.place
    ), moved AS (
      UPDATE ttfd.standings s
         SET board = c.board, minus_value = -c.value, since = c.since
        FROM changed c
       WHERE c.value > 0 AND s.ctid = c.place
         AND (c.board, c.value, c.since) <> (c.old_board, c.old_value, c.old_since)
    ), come AS (
      INSERT INTO ttfd.standings (board, minus_value, since, user_id)
      SELECT c.board, -c.value, c.since, c.user_id FROM changed c WHERE c.value > 0 AND c.old_board IS NULL
    )
    SELECT m.board, array_agg(m.value) AS values, array_agg(m.members) AS members
      FROM (SELECT c.old_board, c.old_value, -1
              FROM changed c
             WHERE c.old_board > 0 AND (c.board, c.value) <> (c.old_board, c.old_value)
             UNION ALL
            SELECT c.board, c.value, 1
              FROM changed c
             WHERE c.board > 0 AND c.value > 0 AND (c.board, c.value) IS DISTINCT FROM (c.old_board, c.old_value)
           ) m (board, value, members)
     GROUP BY m.board
  LOOP
    PERFORM ttfd.count_moves(v_moves.values, v_moves.members, v_moves.board);
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_standings(bigint, boolean) IS
  'Brings standings and their counts up to date with the events after a position of the feed, and, when nothing waits any more, with standing_changes. Expects feed_head locked.';

-- sql/functions/internal/show_import_achievements.sql
-- What a legacy program has paid for, or could have, is not paid again: it is shown, and so settled as it is. An import does
-- not change how anybody came out of a season.
CREATE OR REPLACE FUNCTION ttfd.show_import_achievements(p_run_id bigint)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  UPDATE ttfd.unified_users u
     SET achievements = u.achievements || s.names
    FROM (SELECT m.id, array_agg(a.name ORDER BY a.sort_order, a.name) AS names
            FROM ttfd.import_changes c
            JOIN ttfd.unified_users m ON m.id = c.user_id
            JOIN ttfd.achievements a
              ON a.is_enabled AND a.metric NOT IN ('seasons', 'season_place') AND a.name <> ALL (m.achievements)
             AND CASE a.metric WHEN 'streak' THEN m.daily_streak ELSE ttfd.metric_value(m, a.metric) END >= a.threshold
           WHERE c.run_id = p_run_id
           GROUP BY m.id) s
   WHERE u.id = s.id;
$$;

COMMENT ON FUNCTION ttfd.show_import_achievements(bigint) IS
  'Shows the achievements that members who were there before a run have reached by it, unpaid.';

-- sql/functions/internal/shown_seasons.sql
-- Those that are not closed; one that is planned from the day before, because clocks differ and transactions take their time.
CREATE OR REPLACE FUNCTION ttfd.shown_seasons()
RETURNS integer[]
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN ARRAY(SELECT s.id
                 FROM ttfd.seasons s
                WHERE s.closed_at IS NULL AND s.starts_at < ttfd.current_time() + INTERVAL '1 day'
                ORDER BY s.id);
END;
$$;

COMMENT ON FUNCTION ttfd.shown_seasons() IS 'The seasons whose boards process_events keeps up to date.';

-- sql/functions/internal/snapshot_user.sql
-- Names and external ids follow from the accounts, and are nobody's business in a journal.
CREATE OR REPLACE FUNCTION ttfd.snapshot_user(p_user_id bigint)
RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT to_jsonb(u) - ARRAY['username', 'display_name', 'telegram_id', 'discord_id', 'website_email']
            FROM ttfd.unified_users u
           WHERE u.id = p_user_id);
END;
$$;

COMMENT ON FUNCTION ttfd.snapshot_user(bigint) IS 'What the journal of merges keeps of a user.';

-- sql/functions/internal/standing_since.sql
CREATE OR REPLACE FUNCTION ttfd.standing_since(
  p_since timestamptz, p_is_same boolean, p_moved_at timestamptz, p_touched_at timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_moved_at IS NOT NULL THEN greatest(p_since, p_moved_at)
              WHEN p_is_same THEN p_since
              ELSE greatest(p_since, p_touched_at)
         END;
$$;

COMMENT ON FUNCTION ttfd.standing_since(timestamptz, boolean, timestamptz, timestamptz) IS
  'Since when a member stands where they do: given since when so far, whether the value is the same, when it was moved, and when something happened that may have moved it.';

-- sql/functions/internal/start_of_window.sql
CREATE OR REPLACE FUNCTION ttfd.start_of_window(p_seconds integer, p_at timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.date_bin(pg_catalog.make_interval(secs => p_seconds), p_at, TIMESTAMPTZ '1970-01-01 00:00:00+00');
$$;

COMMENT ON FUNCTION ttfd.start_of_window(integer, timestamptz) IS
  'Start of the clock-aligned window (UTC) of the given length in seconds that holds the time; NULL without a length.';

-- sql/functions/internal/stated_accounts.sql
CREATE OR REPLACE FUNCTION ttfd.stated_accounts(p_platform text, p_record jsonb)
RETURNS TABLE (platform text, external_id text)
LANGUAGE sql STABLE
AS $$
  SELECT p.name, ttfd.fold_external_id(p, s.external_id)
    FROM (VALUES (p_platform, p_record ->> 'external_id'), ('telegram', p_record ->> 'telegram_id'),
                 ('discord', p_record ->> 'discord_id'), ('website', p_record ->> 'website_email')) s (platform, external_id)
    JOIN ttfd.platforms p ON p.name = s.platform
   WHERE s.external_id IS NOT NULL;
$$;

COMMENT ON FUNCTION ttfd.stated_accounts(text, jsonb) IS
  'The accounts that a legacy record is about: its own, and those of other platforms that it states.';

-- sql/functions/internal/strip_data.sql
-- A list of what stays, because a sender may put anything into data: an id is as telling as a name.
CREATE OR REPLACE FUNCTION ttfd.strip_data(p_data jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}')
      FROM jsonb_each(CASE jsonb_typeof(p_data) WHEN 'object' THEN p_data ELSE '{}' END) e
     WHERE e.key IN ('xp', 'coins', 'seconds', 'idle_seconds', 'won', 'messages', 'games_played', 'games_won',
                     'run_id', 'merge_id', 'streak', 'bonus', 'freeze_used', 'fee',
                     'price', 'season_id', 'place', 'season_xp', 'from_rank_id', 'to_rank_id', 'events')
       AND jsonb_typeof(e.value) IN ('number', 'boolean')
        OR e.key = 'since' AND e.value #>> '{}' ~ '^\d{4}-\d\d-\d\dT[\d:.+-]+$');
END;
$$;

COMMENT ON FUNCTION ttfd.strip_data(jsonb) IS 'What of an event''s data is about amounts and nobody.';

-- sql/functions/internal/take_back_import.sql
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
  WITH debts AS (
    SELECT g.user_id, g.origin, g.owed_xp, g.owed_coins
      FROM ttfd.import_grants g
     WHERE g.run_id = p_run_id AND (g.owed_xp, g.owed_coins) <> (0, 0)
  ), debtors AS (
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

-- sql/functions/internal/take_best.sql
-- What does not add up: the better of the two, and achievements of both. restore_best takes it back.
-- Who was hidden on one side stays hidden on both: to show oneself takes a word.
-- A streak that had ended when the other was alive stays ended.
CREATE OR REPLACE FUNCTION ttfd.take_best(p_into_id bigint, p_from ttfd.unified_users)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET highest_rank_id = greatest(u.highest_rank_id, p_from.highest_rank_id),
         achievements = u.achievements || ARRAY(
           SELECT a.name
             FROM unnest(p_from.achievements) WITH ORDINALITY a (name, place)
            WHERE a.name <> ALL (u.achievements)
            ORDER BY a.place),
         daily_streak = CASE WHEN u.last_daily > p_from.last_daily + 1 THEN u.daily_streak
                             WHEN p_from.last_daily > u.last_daily + 1 THEN p_from.daily_streak
                             ELSE greatest(u.daily_streak, p_from.daily_streak) END,
         streak_freezes = greatest(u.streak_freezes, p_from.streak_freezes),
         last_daily = greatest(u.last_daily, p_from.last_daily),
         last_daily_at = greatest(u.last_daily_at, p_from.last_daily_at),
         last_daily_zone = CASE WHEN p_from.last_daily_at > u.last_daily_at OR u.last_daily_at IS NULL
                                THEN p_from.last_daily_zone ELSE u.last_daily_zone END,
         created_at = least(u.created_at, p_from.created_at),
         last_active = greatest(u.last_active, p_from.last_active),
         is_hidden = u.is_hidden OR p_from.is_hidden
   WHERE u.id = p_into_id;
END;
$$;

COMMENT ON FUNCTION ttfd.take_best(bigint, ttfd.unified_users) IS
  'Gives the survivor of a merge the better ranks, streaks and dates of the two, and the achievements of both.';

-- sql/functions/internal/tell_member.sql
-- What happens to an account is an event like any other, so that every linked platform can tell its member.
CREATE OR REPLACE FUNCTION ttfd.tell_member(p_user_id bigint, p_event_type text, p_data jsonb, p_xp bigint, p_coins bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  VALUES (ttfd.generate_event_id(), p_user_id, p_event_type, 'system', p_data, p_xp, p_coins, ttfd.current_time());
END;
$$;

COMMENT ON FUNCTION ttfd.tell_member(bigint, text, jsonb, bigint, bigint) IS
  'Writes an event of the system''s own, granted already, for a user who is locked.';

-- sql/functions/internal/touches_boards.sql
CREATE OR REPLACE FUNCTION ttfd.touches_boards(p_event_type text)
RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT p_event_type IN ('opening_balance', 'accounts_merged', 'merge_undone');
$$;

COMMENT ON FUNCTION ttfd.touches_boards(text) IS
  'Whether an event may change any count of its member, without saying which: who meets one has to look.';

-- sql/functions/internal/trim_name.sql
-- Plain ASCII is in normal form already, and most names are.
CREATE OR REPLACE FUNCTION ttfd.trim_name(p_name text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.lower(pg_catalog.ltrim(pg_catalog.btrim(
           CASE WHEN pg_catalog.octet_length(p_name) = pg_catalog.length(p_name) THEN p_name ELSE normalize(p_name, NFKC) END), '@'));
$$;

COMMENT ON FUNCTION ttfd.trim_name(text) IS 'A username without what people do not see as a difference: width, case, a leading @.';

-- sql/functions/internal/turn_seasons.sql
-- Seasons follow the last one without a gap, however long nobody looked. The first is started by tend_seasons or a person.
CREATE OR REPLACE FUNCTION ttfd.turn_seasons(p_at timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_length interval := (SELECT s.length FROM ttfd.season_settings s WHERE s.is_automatic);
  v_last timestamptz := (SELECT max(s.ends_at) FROM ttfd.seasons s);
BEGIN
  IF v_length IS NULL OR v_last IS NULL OR v_last > p_at THEN
    RETURN;
  END IF;
  INSERT INTO ttfd.seasons (name, starts_at, ends_at)
  SELECT 'Season ' || (SELECT count(*) FROM ttfd.seasons) + row_number() OVER (ORDER BY n.starts_at),
         n.starts_at, lead(n.starts_at, 1, n.starts_at + v_length) OVER (ORDER BY n.starts_at)
    FROM generate_series(v_last, p_at, v_length) n (starts_at)
  ON CONFLICT DO NOTHING;
END;
$$;

COMMENT ON FUNCTION ttfd.turn_seasons(timestamptz) IS
  'Starts the seasons that follow the last one, up to a time.';

-- sql/functions/internal/undo_merge_of.sql
-- Whose account it is may undo, on either side: both have agreed, so either may take it back. A merge of somebody else's is
-- answered like one that never was.
CREATE OR REPLACE FUNCTION ttfd.undo_merge_of(p_merge_id bigint, p_user_id bigint)
RETURNS TABLE (merge_id bigint, into_id bigint, from_id bigint, undone_at timestamptz)
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  RETURN QUERY
  SELECT u.merge_id, u.into_id, u.from_id, u.undone_at
    FROM ttfd.user_merges m
   CROSS JOIN LATERAL ttfd.undo_merge(m.id) u
   WHERE m.id = p_merge_id
     AND (p_user_id = m.into_id OR p_user_id = m.from_id AND m.undone_at IS NOT NULL);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this member has no merge %', coalesce(p_merge_id::text, 'NULL')
      USING ERRCODE = 'no_data_found', HINT = 'list_own_merges lists those that can be undone.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_merge_of(bigint, bigint) IS 'undo_merge, for a user whose merge it is. Raises TM001, TM002, P0002.';

-- sql/functions/internal/use_link_code.sql
-- The users are locked first; the code is then used up by one UPDATE, so that of many redeemers one wins, and the others
-- look again and find nothing. When an account changed hands meanwhile, all locks are let go and we look again.
CREATE OR REPLACE FUNCTION ttfd.use_link_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (refusal text, user_id bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_code record;
  v_own_id bigint;
BEGIN
  LOOP
    SELECT * INTO v_code FROM ttfd.find_link_code(p_code, p_platform, p_external_id);
    refusal := v_code.refusal;
    user_id := v_code.user_id;
    IF refusal IS NOT NULL THEN
      RETURN NEXT;
      RETURN;
    END IF;
    v_own_id := ttfd.find_owner(p_platform, p_external_id);
    BEGIN
      IF ttfd.lock_live_users(ARRAY[user_id, v_own_id]) THEN
        UPDATE ttfd.link_codes c
           SET used_at = ttfd.current_time()
          FROM ttfd.platform_accounts a
         WHERE c.code_hash = v_code.code_hash AND c.used_at IS NULL
           AND a.platform = c.platform AND a.external_id = c.external_id AND a.user_id = use_link_code.user_id
           AND v_own_id IS NOT DISTINCT FROM ttfd.find_owner(p_platform, p_external_id);
        IF FOUND THEN
          RETURN NEXT;
          RETURN;
        END IF;
        RAISE EXCEPTION 'changed hands meanwhile';
      END IF;
    EXCEPTION
      WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.use_link_code(text, text, text) IS
  'Uses up a link code for the account that sends it, and locks the users of both; or says why not: locked, invalid. Returns who made the code.';

-- sql/functions/internal/verify_counts.sql
-- The board of a season that is closed goes piece by piece.
CREATE OR REPLACE FUNCTION ttfd.verify_counts()
RETURNS TABLE (expected text, actual text)
LANGUAGE sql STABLE
AS $$
  SELECT format('%s on board %s with value >> %s = %s', coalesce(n.members, 0), coalesce(n.board, c.board),
                coalesce(n.shift, c.shift), coalesce(n.bucket, c.bucket)),
         coalesce(c.members, 0)::text
    FROM (SELECT v.board, l.shift, v.value >> l.shift AS bucket, sum(v.members) AS members
            FROM (SELECT 0, u.xp, count(*) FROM ttfd.unified_users u WHERE u.is_listed GROUP BY u.xp
                   UNION ALL
                  SELECT s.board, -s.minus_value, count(*) FROM ttfd.standings s WHERE s.board > 0 GROUP BY s.board, s.minus_value
                 ) v (board, value, members)
           CROSS JOIN generate_series(0, 60, 6) l (shift)
           GROUP BY v.board, l.shift, v.value >> l.shift) n
    FULL JOIN (SELECT a.board, a.shift, a.bucket, sum(a.members) AS members
                 FROM (SELECT k.board, 6 * (k.node & 15)::integer AS shift, (k.node >> 4 << 6) + b.branch - 1 AS bucket,
                              b.members - coalesce(k.members[b.branch + 1], 0) AS members
                         FROM ttfd.board_counts k CROSS JOIN unnest(k.members) WITH ORDINALITY b (members, branch)
                        UNION ALL
                       SELECT 0, l.shift, m.xp >> l.shift, m.members
                         FROM ttfd.xp_moves m CROSS JOIN generate_series(0, 60, 6) l (shift)) a
                GROUP BY a.board, a.shift, a.bucket) c
      ON c.board = n.board AND c.shift = n.shift AND c.bucket = n.bucket
   WHERE coalesce(n.members, 0) <> coalesce(c.members, 0)
     AND (coalesce(n.board, c.board) <= ttfd.season_board(0)
          OR EXISTS (SELECT 1
                       FROM ttfd.seasons e
                      WHERE ttfd.season_board(e.id) = coalesce(n.board, c.board) AND e.closed_at IS NULL));
$$;

COMMENT ON FUNCTION ttfd.verify_counts() IS 'Where board_counts does not say how many members there are: expected, actual.';

-- sql/functions/internal/verify_standings.sql
-- Who is in the queue with something granted, or behind what is settled, is compared with nothing: list_unsettled reads the member.
CREATE OR REPLACE FUNCTION ttfd.verify_standings()
RETURNS TABLE (user_id bigint, expected text, actual text)
LANGUAGE sql STABLE
AS $$
  WITH unsettled AS (
    SELECT p.user_id FROM ttfd.cross_platform_events_pending p WHERE p.xp IS NOT NULL
     UNION ALL
    SELECT d.user_id
      FROM ttfd.cross_platform_events_processed d
     WHERE d.position > (SELECT h.settled_to FROM ttfd.feed_head h)
     UNION ALL
    SELECT c.user_id FROM ttfd.standing_changes c
  )
  SELECT coalesce(u.id, s.user_id), (u.xp, u.xp_since)::text, (-s.minus_xp, s.since)::text
    FROM (SELECT l.id, l.xp, l.xp_since FROM ttfd.unified_users l WHERE l.is_listed) u
    FULL JOIN ttfd.xp_standings s ON s.user_id = u.id
   WHERE (u.id, u.xp, u.xp_since) IS DISTINCT FROM (s.user_id, -s.minus_xp, s.since)
   UNION ALL
  SELECT coalesce(u.id, s.user_id), (u.coins, u.messages_sent, u.total_voice_time, u.games_played, u.games_won)::text,
         (s.coins, s.messages, s.voice, s.games, s.wins)::text
    FROM (SELECT l.id, l.coins, l.messages_sent, l.total_voice_time, l.games_played, l.games_won
            FROM ttfd.unified_users l
           WHERE l.is_listed) u
    FULL JOIN (SELECT k.user_id,
                      coalesce(sum(-k.minus_value) FILTER (WHERE k.board = 1), 0) AS coins,
                      coalesce(sum(-k.minus_value) FILTER (WHERE k.board = 2), 0) AS messages,
                      coalesce(sum(-k.minus_value) FILTER (WHERE k.board = 3), 0) AS voice,
                      coalesce(sum(-k.minus_value) FILTER (WHERE k.board = 4), 0) AS games,
                      coalesce(sum(-k.minus_value) FILTER (WHERE k.board = 5), 0) AS wins
                 FROM ttfd.standings k
                WHERE k.board BETWEEN 1 AND ttfd.season_board(0)
                GROUP BY k.user_id) s ON s.user_id = u.id
   WHERE (coalesce(u.coins, 0), coalesce(u.messages_sent, 0), coalesce(u.total_voice_time, 0), coalesce(u.games_played, 0),
          coalesce(u.games_won, 0))
         <> (coalesce(s.coins, 0), coalesce(s.messages, 0), coalesce(s.voice, 0), coalesce(s.games, 0), coalesce(s.wins, 0))
     AND NOT EXISTS (SELECT 1 FROM unsettled w WHERE w.user_id = coalesce(u.id, s.user_id))
   UNION ALL
  SELECT coalesce(u.user_id, s.user_id), (u.season_id, u.xp, u.reached_at)::text, (s.season_id, s.xp, s.since)::text
    FROM (SELECT o.id AS season_id, l.user_id, l.xp, l.reached_at
            FROM ttfd.seasons o
           CROSS JOIN LATERAL ttfd.list_season_players(o.id) l
           WHERE o.closed_at IS NULL AND l.is_listed) u
    FULL JOIN (SELECT o.id AS season_id, k.user_id, -k.minus_value AS xp, k.since
                 FROM ttfd.seasons o
                 JOIN ttfd.standings k ON k.board = ttfd.season_board(o.id)
                WHERE o.closed_at IS NULL) s ON s.season_id = u.season_id AND s.user_id = u.user_id
   WHERE (u.xp, u.reached_at) IS DISTINCT FROM (s.xp, s.since)
     AND NOT EXISTS (SELECT 1 FROM unsettled w WHERE w.user_id = coalesce(u.user_id, s.user_id));
$$;

COMMENT ON FUNCTION ttfd.verify_standings() IS 'Members who stand elsewhere on a leaderboard than they should: user_id, expected, actual.';

-- sql/functions/internal/voice_members.sql
-- Company is somebody who can hear.
CREATE OR REPLACE FUNCTION ttfd.voice_members(p_is_afk boolean, p_members jsonb)
RETURNS TABLE (external_id text, session_id text, is_idle boolean)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF jsonb_typeof(p_members) IS DISTINCT FROM 'array' THEN
    RAISE EXCEPTION 'p_members has to be a JSON array'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Its elements are objects with external_id, session_id, is_muted, is_deafened.';
  END IF;
  RETURN QUERY
  SELECT DISTINCT ON (m.external_id) m.external_id, coalesce(m.session_id, ''),
         coalesce(p_is_afk, false) OR coalesce(m.is_muted, false) OR coalesce(m.is_deafened, false)
         OR count(*) FILTER (WHERE m.is_deafened IS NOT TRUE) OVER () < 2
    FROM jsonb_to_recordset(p_members) m (external_id text, session_id text, is_muted boolean, is_deafened boolean)
   WHERE m.external_id IS NOT NULL
   ORDER BY m.external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.voice_members(boolean, jsonb) IS
  'Who is in a voice channel, and whether the time earns nothing: AFK channel, muted, deafened, or nobody else who can hear. Raises 22023.';

-- sql/functions/internal/walk_board.sql
-- A walk along the key from one place on.
CREATE OR REPLACE FUNCTION ttfd.walk_board(
  p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint, p_is_upwards boolean, p_limit bigint)
RETURNS TABLE (turn bigint, user_id bigint, value bigint, since timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
  IF p_metric <> 'xp' THEN
    RETURN QUERY SELECT * FROM ttfd.walk_scores(p_metric, p_value, p_since, p_user_id, p_is_upwards, p_limit);
  ELSIF p_is_upwards THEN
    RETURN QUERY
    SELECT row_number() OVER (), s.user_id, -s.minus_xp, s.since
      FROM ttfd.xp_standings s
     WHERE (s.minus_xp, s.since, s.user_id) < (-p_value, p_since, p_user_id)
     ORDER BY s.minus_xp DESC, s.since DESC, s.user_id DESC
     LIMIT p_limit;
  ELSE
    RETURN QUERY
    SELECT row_number() OVER (), s.user_id, -s.minus_xp, s.since
      FROM ttfd.xp_standings s
     WHERE (s.minus_xp, s.since, s.user_id) > (-p_value, p_since, p_user_id)
     ORDER BY s.minus_xp, s.since, s.user_id
     LIMIT p_limit;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.walk_board(text, bigint, timestamptz, bigint, boolean, bigint) IS
  'The members next above or below a place of the leaderboard. Returns turn (1 is the nearest), user_id, value, since.';

-- sql/functions/internal/walk_scores.sql
-- Who has nothing comes last, in the order in which they became members: they are read from the members themselves, and only
-- when the page gets there. In a season they stand nowhere.
CREATE OR REPLACE FUNCTION ttfd.walk_scores(
  p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint, p_is_upwards boolean, p_limit bigint)
RETURNS TABLE (turn bigint, user_id bigint, value bigint, since timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = on
SET enable_sort = off
SET jit = off
AS $$
DECLARE
  v_board integer := ttfd.board_number(p_metric);
BEGIN
  IF p_is_upwards THEN
    RETURN QUERY
    WITH unsettled AS MATERIALIZED (
      SELECT l.* FROM ttfd.list_unsettled(p_metric) l
    ), nobodies AS (
      SELECT u.id, 0::bigint, TIMESTAMPTZ 'epoch'
        FROM ttfd.unified_users u
       WHERE p_value = 0 AND p_metric <> 'season' AND u.id < p_user_id AND u.is_listed AND ttfd.metric_value(u, p_metric) = 0
       ORDER BY u.id DESC
       LIMIT p_limit
    ), settled AS (
      SELECT s.user_id, s.minus_value, s.since
        FROM ttfd.standings s
       WHERE s.board = v_board AND s.board <> 0 AND (s.minus_value, s.since, s.user_id) < (-p_value, p_since, p_user_id)
         AND s.user_id NOT IN (SELECT n.user_id FROM unsettled n)
       ORDER BY s.minus_value DESC, s.since DESC, s.user_id DESC
       LIMIT p_limit
    ), somebodies AS (
      SELECT b.user_id, -b.minus_value, b.since
        FROM (SELECT * FROM settled
               UNION ALL
              SELECT n.user_id, -n.value, n.since
                FROM unsettled n
               WHERE n.value > 0 AND (-n.value, n.since, n.user_id) < (-p_value, p_since, p_user_id)) b
       ORDER BY b.minus_value DESC, b.since DESC, b.user_id DESC
       LIMIT p_limit
    )
    SELECT row_number() OVER (), o.* FROM (SELECT * FROM nobodies UNION ALL SELECT * FROM somebodies LIMIT p_limit) o;
  ELSE
    RETURN QUERY
    WITH unsettled AS MATERIALIZED (
      SELECT l.* FROM ttfd.list_unsettled(p_metric) l
    ), settled AS (
      SELECT s.user_id, s.minus_value, s.since
        FROM ttfd.standings s
       WHERE s.board = v_board AND s.board <> 0 AND (s.minus_value, s.since, s.user_id) > (-p_value, p_since, p_user_id)
         AND s.user_id NOT IN (SELECT n.user_id FROM unsettled n)
       ORDER BY s.minus_value, s.since, s.user_id
       LIMIT p_limit
    ), somebodies AS (
      SELECT b.user_id, -b.minus_value, b.since
        FROM (SELECT * FROM settled
               UNION ALL
              SELECT n.user_id, -n.value, n.since
                FROM unsettled n
               WHERE n.value > 0 AND (-n.value, n.since, n.user_id) > (-p_value, p_since, p_user_id)) b
       ORDER BY b.minus_value, b.since, b.user_id
       LIMIT p_limit
    ), nobodies AS (
      SELECT u.id, 0::bigint, TIMESTAMPTZ 'epoch'
        FROM ttfd.unified_users u
       WHERE p_metric <> 'season' AND u.id > CASE WHEN p_value > 0 THEN 0 ELSE p_user_id END AND u.is_listed AND ttfd.metric_value(u, p_metric) = 0
       ORDER BY u.id
       LIMIT p_limit
    )
    SELECT row_number() OVER (), o.* FROM (SELECT * FROM somebodies UNION ALL SELECT * FROM nobodies LIMIT p_limit) o;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.walk_scores(text, bigint, timestamptz, bigint, boolean, bigint) IS
  'The members next above or below a place of the leaderboard by a metric of standings. Returns turn (1 is the nearest), user_id, value, since.';

-- sql/functions/internal/was_handled.sql
CREATE OR REPLACE FUNCTION ttfd.was_handled(p_event_id uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM ttfd.cross_platform_events_processed WHERE id = p_event_id)
      OR EXISTS (SELECT 1 FROM ttfd.failed_events WHERE id = p_event_id)
      OR EXISTS (SELECT 1 FROM ttfd.compacted_events WHERE id = p_event_id);
END;
$$;

COMMENT ON FUNCTION ttfd.was_handled(uuid) IS 'Whether an event has left the queue: applied, compacted since, or failed.';

RESET ROLE;
