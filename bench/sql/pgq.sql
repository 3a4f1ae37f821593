-- Two consumers of PgQ. Their tables are copies of ours, indexes, ranks and leaderboard included.
-- ev_type is the type, ev_data the data, ev_extra1 to 4 are member, platform, time and event id.
CREATE EXTENSION IF NOT EXISTS pgq;

CREATE SCHEMA pgq_peer;

CREATE TABLE pgq_peer.unified_users (LIKE ttfd.unified_users INCLUDING ALL)
  WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

INSERT INTO pgq_peer.unified_users (id, xp, xp_since, rank_id, rank_xp, next_rank_xp, highest_rank_id)
SELECT id, xp, xp_since, rank_id, rank_xp, next_rank_xp, highest_rank_id FROM ttfd.unified_users;

CREATE TABLE pgq_peer.xp_standings (LIKE ttfd.xp_standings INCLUDING ALL) WITH (autovacuum_vacuum_scale_factor = 0.05);

INSERT INTO pgq_peer.xp_standings SELECT * FROM ttfd.xp_standings;

CREATE TABLE pgq_peer.board_counts (LIKE ttfd.board_counts INCLUDING ALL) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

INSERT INTO pgq_peer.board_counts SELECT * FROM ttfd.board_counts;

CREATE TABLE pgq_peer.log (LIKE ttfd.cross_platform_events_processed INCLUDING ALL);

CREATE TABLE pgq_peer.award_windows (LIKE ttfd.award_windows INCLUDING ALL) WITH (fillfactor = 70);

CREATE TABLE pgq_peer.standings (LIKE ttfd.standings INCLUDING ALL) WITH (autovacuum_vacuum_scale_factor = 0.05);

INSERT INTO pgq_peer.standings SELECT * FROM ttfd.standings;

CREATE TABLE pgq_peer.standing_changes (LIKE ttfd.standing_changes INCLUDING ALL);

CREATE TABLE pgq_peer.feed_head (position bigint NOT NULL, settled_to bigint NOT NULL) WITH (fillfactor = 10);

INSERT INTO pgq_peer.feed_head VALUES (0, 0);

CREATE TABLE pgq_peer.sums (user_id bigint PRIMARY KEY, xp bigint NOT NULL, messages bigint NOT NULL) WITH (fillfactor = 50);

INSERT INTO pgq_peer.sums SELECT id, 0, 0 FROM ttfd.unified_users;

CREATE FUNCTION pgq_peer.follow_rank()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  SELECT r.id, r.rank_xp, r.next_rank_xp INTO NEW.rank_id, NEW.rank_xp, NEW.next_rank_xp FROM ttfd.find_rank(NEW.xp) r;
  IF NEW.rank_id > NEW.highest_rank_id THEN
    NEW.coins := NEW.coins + (SELECT sum(r.coins) FROM ttfd.ranks r WHERE r.id > NEW.highest_rank_id AND r.id <= NEW.rank_id);
    NEW.highest_rank_id := NEW.rank_id;
  END IF;
  RETURN NEW;
END;
$$;

CREATE TRIGGER follow_rank BEFORE UPDATE OF xp ON pgq_peer.unified_users
  FOR EACH ROW WHEN (NEW.xp >= NEW.next_rank_xp OR NEW.xp < NEW.rank_xp)
  EXECUTE FUNCTION pgq_peer.follow_rank();

-- The leaderboards: our own functions, on the copies.
DO $$
DECLARE
  v_settle text := pg_get_functiondef('ttfd.settle_standings'::regproc);
  v_name text;
BEGIN
  FOREACH v_name IN ARRAY ARRAY['settle_standings', 'feed_head', 'standing_changes', 'unified_users', 'standings', 'count_moves'] LOOP
    v_settle := replace(v_settle, 'ttfd.' || v_name, 'pgq_peer.' || v_name);
  END LOOP;
  EXECUTE replace(v_settle, 'ttfd.cross_platform_events_processed', 'pgq_peer.log');
  EXECUTE replace(replace(pg_get_functiondef('ttfd.count_moves'::regproc),
                          'ttfd.count_moves', 'pgq_peer.count_moves'), 'ttfd.board_counts', 'pgq_peer.board_counts');
  EXECUTE replace(replace(pg_get_functiondef('ttfd.unified_users__keep_standings'::regproc),
                          'ttfd.unified', 'pgq_peer.unified'), '''ttfd''', '''pgq_peer''');
END;
$$;

CREATE TRIGGER keep_standings_updated AFTER UPDATE ON pgq_peer.unified_users
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION pgq_peer.unified_users__keep_standings();

-- The same work as ttfd.process_events: rules, cooldown and daily windows, totals, ranks, the score of the season, the
-- leaderboard, who has come to an achievement, the log with its history index, a position without gaps, one NOTIFY. What PgQ spares: the queue's rows are never deleted one by one. What it does without:
-- members are not locked in order, failing rows are not sorted out,
-- the row count is not checked, achievements are not granted.
CREATE FUNCTION pgq_peer.consume(p_queue text)
RETURNS bigint
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_batch bigint := pgq.next_batch(p_queue, 'bench');
  v_base bigint;
  v_settled bigint;
  v_season ttfd.seasons := (SELECT s FROM ttfd.seasons s WHERE s.starts_at <= now() AND s.ends_at > now());
  v_goals record;
  v_achievers bigint[];
  v_count bigint;
BEGIN
  IF v_batch IS NULL THEN
    RETURN NULL;
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
  SELECT h.position, h.settled_to INTO v_base, v_settled FROM pgq_peer.feed_head h FOR UPDATE;
  WITH batch AS MATERIALIZED (
    SELECT e.ev_id AS seq, e.ev_extra4::uuid AS id, e.ev_extra1::bigint AS user_id, e.ev_type AS event_type,
           e.ev_extra2 AS source_platform, e.ev_data::jsonb AS data, e.ev_extra3::timestamptz AS occurred_at, e.ev_time AS created_at
      FROM pgq.get_batch_events(v_batch) e
  ), assessed AS MATERIALIZED (
    SELECT b.*, t.counter, NOT t.is_admin_only AS is_play, t.daily_xp_cap, g.is_idle, g.seconds, g.xp AS base_xp, g.coins AS base_coins,
           CASE WHEN g.xp <> 0 OR g.coins <> 0 THEN ttfd.start_of_window(t.cooldown_seconds, b.occurred_at) END AS cooldown_start,
           CASE WHEN g.xp > 0 AND t.daily_xp_cap IS NOT NULL THEN ttfd.start_of_window(86400, b.occurred_at) END AS day_start
      FROM batch b
      JOIN ttfd.event_type_versions t
        ON t.name = b.event_type AND t.valid_from <= b.occurred_at AND t.valid_to > b.occurred_at
     CROSS JOIN LATERAL ttfd.assess_event(t, b.data) g
  ), ordered AS (
    SELECT a.*,
           a.cooldown_start IS NOT NULL
             AND row_number() OVER (PARTITION BY a.user_id, a.event_type, a.cooldown_start ORDER BY a.seq) = 1 AS is_first
      FROM assessed a
  ), cooled AS MATERIALIZED (
    SELECT o.*,
           o.cooldown_start IS NOT NULL AND (NOT o.is_first OR w.user_id IS NOT NULL) AS is_cooling
      FROM ordered o
      LEFT JOIN pgq_peer.award_windows w
        ON w.user_id = o.user_id AND w.event_type = o.event_type AND NOT w.is_daily
       AND w.starts_at = CASE WHEN o.is_first THEN o.cooldown_start END
  ), summed AS (
    SELECT c.*, NULL::bigint AS used, NULL::numeric AS reached
      FROM cooled c
     WHERE c.day_start IS NULL
     UNION ALL
    SELECT c.*, coalesce(d.xp, 0),
           coalesce(d.xp, 0) + sum(CASE WHEN c.is_cooling THEN 0 ELSE c.base_xp END)
             OVER (PARTITION BY c.user_id, c.event_type, c.day_start ORDER BY c.seq)
      FROM cooled c
      LEFT JOIN pgq_peer.award_windows d
        ON d.user_id = c.user_id AND d.event_type = c.event_type AND d.is_daily AND d.starts_at = c.day_start
     WHERE c.day_start IS NOT NULL
  ), granted AS MATERIALIZED (
    SELECT s.*,
           CASE WHEN s.is_cooling THEN 0
                WHEN s.day_start IS NULL THEN s.base_xp
                ELSE (least(greatest(s.daily_xp_cap, s.used), s.reached)
                      - least(greatest(s.daily_xp_cap, s.used), s.reached - s.base_xp))::bigint
           END AS xp,
           CASE WHEN s.is_cooling THEN 0 ELSE s.base_coins END AS coins,
           CASE WHEN s.is_cooling THEN 'cooldown'
                WHEN s.reached > s.daily_xp_cap AND s.is_idle THEN 'daily_cap, idle'
                WHEN s.reached > s.daily_xp_cap THEN 'daily_cap'
                WHEN s.is_idle THEN 'idle'
           END AS note
      FROM summed s
  ), windows AS (
    INSERT INTO pgq_peer.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
    SELECT g.user_id, g.event_type, false, g.cooldown_start, g.xp
      FROM granted g
     WHERE g.cooldown_start IS NOT NULL AND NOT g.is_cooling
     UNION ALL
    SELECT g.user_id, g.event_type, true, g.day_start, sum(g.xp)::bigint
      FROM granted g
     WHERE g.day_start IS NOT NULL AND g.xp > 0
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
     GROUP BY g.user_id
  ), updated AS (
    UPDATE pgq_peer.unified_users u
       SET xp = u.xp + t.xp,
           coins = u.coins + t.coins,
           messages_sent = u.messages_sent + t.messages,
           total_voice_time = u.total_voice_time + t.voice_seconds,
           games_played = u.games_played + t.games,
           games_won = u.games_won + t.wins,
           last_active = greatest(u.last_active, t.last_active),
           season_id = CASE WHEN t.season_xp > 0 THEN v_season.id ELSE u.season_id END,
           season_xp = t.season_xp + CASE WHEN t.season_xp = 0 OR u.season_id = v_season.id THEN u.season_xp ELSE 0 END,
           season_reached_at = greatest(t.season_reached_at, u.season_reached_at),
           xp_since = greatest(u.xp_since, t.xp_since)
      FROM totals t
     WHERE u.id = t.user_id
    RETURNING u.id, ttfd.has_crossed(v_goals.xp, u.xp, t.xp)
                    OR ttfd.has_crossed(v_goals.coins, u.coins, t.coins)
                    OR ttfd.has_crossed(v_goals.messages, u.messages_sent, t.messages)
                    OR ttfd.has_crossed(v_goals.voice, u.total_voice_time, t.voice_seconds)
                    OR ttfd.has_crossed(v_goals.games, u.games_played, t.games)
                    OR ttfd.has_crossed(v_goals.wins, u.games_won, t.wins) AS has_achieved
  ), moved AS (
    INSERT INTO pgq_peer.log
      (id, seq, user_id, event_type, source_platform, data, xp, coins, note, position, processed,
       occurred_at, created_at, processed_at)
    SELECT g.id, g.seq, g.user_id, g.event_type, g.source_platform, g.data, g.xp, g.coins, g.note,
           v_base + row_number() OVER (ORDER BY g.seq), true, g.occurred_at, g.created_at, now()
      FROM granted g
  )
  SELECT count(*), (SELECT array_agg(u.id) FROM updated u WHERE u.has_achieved) INTO v_count, v_achievers FROM granted;
  UPDATE pgq_peer.feed_head SET position = v_base + v_count;
  IF v_base + v_count >= v_settled + 20000 THEN
    PERFORM pgq_peer.settle_standings(v_settled, false);
  END IF;
  PERFORM pg_notify('pgq_peer', '');
  PERFORM pgq.finish_batch(v_batch);
  RETURN v_count;
END;
$$;

-- The limit: adds up and forgets. No rules, no cooldown, no log, no feed, no rank.
CREATE FUNCTION pgq_peer.consume_sums(p_queue text)
RETURNS bigint
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_batch bigint := pgq.next_batch(p_queue, 'bench');
  v_count bigint;
BEGIN
  IF v_batch IS NULL THEN
    RETURN NULL;
  END IF;
  WITH totals AS MATERIALIZED (
    SELECT e.ev_extra1::bigint AS user_id, 5 * count(*) AS xp, count(*) AS messages
      FROM pgq.get_batch_events(v_batch) e
     GROUP BY 1
  ), updated AS (
    UPDATE pgq_peer.sums s SET xp = s.xp + t.xp, messages = s.messages + t.messages FROM totals t WHERE s.user_id = t.user_id
  )
  SELECT sum(messages)::bigint INTO v_count FROM totals;
  PERFORM pgq.finish_batch(v_batch);
  RETURN v_count;
END;
$$;
