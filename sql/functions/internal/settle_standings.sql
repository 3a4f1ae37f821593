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
