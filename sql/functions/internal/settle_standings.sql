-- Who has moved is told by the events of the batch. The value is read, not added up: whoever has changed it since is in the
-- queue behind this batch and is settled with a later one.
CREATE OR REPLACE FUNCTION ttfd.settle_standings(p_after bigint)
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
  v_moves record;
BEGIN
  FOR v_moves IN
    WITH marked AS MATERIALIZED (
      DELETE FROM ttfd.standing_changes
       WHERE ctid = ANY (ARRAY(SELECT c.ctid FROM ttfd.standing_changes c WHERE c.user_id > 0 LIMIT 10000))
      RETURNING user_id, at
    ), heard AS MATERIALIZED (
      SELECT e.user_id,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(1, t.counter, e.event_type, e.coins, e.data)) AS coins_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(2, t.counter, e.event_type, e.coins, e.data)) AS messages_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(3, t.counter, e.event_type, e.coins, e.data)) AS voice_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(4, t.counter, e.event_type, e.coins, e.data)) AS games_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(5, t.counter, e.event_type, e.coins, e.data)) AS wins_at,
             max(e.occurred_at) FILTER (WHERE t.name IS NULL) AS touched_at
        FROM ttfd.cross_platform_events_processed e
        LEFT JOIN ttfd.event_types t ON t.name = e.event_type
       WHERE e.position > p_after AND e.user_id <> 0
       GROUP BY e.user_id
       UNION ALL
      SELECT m.user_id, NULL, NULL, NULL, NULL, NULL, max(m.at) FROM marked m GROUP BY m.user_id
    ), changed AS MATERIALIZED (
      SELECT h.user_id, b.board, max(b.value) AS value, min(-s.minus_value) AS old_value,
             ttfd.standing_since(min(s.since), max(b.value) = min(-s.minus_value), max(b.moved_at), max(h.touched_at)) AS since,
             min(s.since) AS old_since
        FROM heard h
        LEFT JOIN ttfd.unified_users u ON u.id = h.user_id
       CROSS JOIN LATERAL (
               VALUES (1::smallint, CASE WHEN u.is_listed THEN u.coins ELSE 0 END, h.coins_at),
                      (2, CASE WHEN u.is_listed THEN u.messages_sent ELSE 0 END, h.messages_at),
                      (3, CASE WHEN u.is_listed THEN u.total_voice_time ELSE 0 END, h.voice_at),
                      (4, CASE WHEN u.is_listed THEN u.games_played ELSE 0 END, h.games_at),
                      (5, CASE WHEN u.is_listed THEN u.games_won ELSE 0 END, h.wins_at)) b (board, value, moved_at)
        LEFT JOIN ttfd.standings s ON s.user_id = h.user_id AND s.board = b.board
       WHERE b.moved_at IS NOT NULL OR h.touched_at IS NOT NULL
       GROUP BY h.user_id, b.board
    ), gone AS (
      DELETE FROM ttfd.standings s USING changed c WHERE c.value = 0 AND s.user_id = c.user_id AND s.board = c.board
    ), come AS (
      INSERT INTO ttfd.standings AS s (board, minus_value, since, user_id)
      SELECT c.board, -c.value, c.since, c.user_id
        FROM changed c
       WHERE c.value > 0 AND (c.value, c.since) IS DISTINCT FROM (c.old_value, c.old_since)
      ON CONFLICT (user_id, board) DO UPDATE SET minus_value = EXCLUDED.minus_value, since = EXCLUDED.since
    )
    SELECT m.board, array_agg(m.value) AS values, array_agg(m.members) AS members
      FROM (SELECT c.board, c.value, 1 FROM changed c WHERE c.value > 0 AND c.value IS DISTINCT FROM c.old_value
             UNION ALL
            SELECT c.board, c.old_value, -1 FROM changed c WHERE c.old_value IS DISTINCT FROM c.value AND c.old_value > 0
           ) m (board, value, members)
     GROUP BY m.board
  LOOP
    PERFORM ttfd.count_moves(v_moves.values, v_moves.members, v_moves.board);
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_standings(bigint) IS
  'Brings standings and their counts up to date with the events after a position of the feed, and with standing_changes. Expects feed_head locked.';
