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
