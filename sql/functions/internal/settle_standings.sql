-- Who has moved is told by the events of the batch. The value is read, not added up: whoever has changed it since is in the
-- queue behind this batch and is settled with a later one.
-- A hidden member keeps standing on the board below zero, where nobody looks, and so comes back to the old place.
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
  v_moves record;
BEGIN
  FOR v_moves IN
    WITH marked AS MATERIALIZED (
      DELETE FROM ttfd.standing_changes
       WHERE ctid = ANY (ARRAY(SELECT c.ctid FROM ttfd.standing_changes c WHERE p_is_drained AND c.user_id > 0 LIMIT 10000))
      RETURNING user_id, at
    ), heard AS MATERIALIZED (
      SELECT e.user_id,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(1, t.counter, e.event_type, e.coins, e.data)) AS coins_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(2, t.counter, e.event_type, e.coins, e.data)) AS messages_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(3, t.counter, e.event_type, e.coins, e.data)) AS voice_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(4, t.counter, e.event_type, e.coins, e.data)) AS games_at,
             max(e.occurred_at) FILTER (WHERE ttfd.moves_board(5, t.counter, e.event_type, e.coins, e.data)) AS wins_at,
             max(e.occurred_at) FILTER (WHERE ttfd.touches_boards(e.event_type)) AS touched_at
        FROM ttfd.cross_platform_events_processed e
        LEFT JOIN ttfd.event_types t ON t.name = e.event_type
       WHERE e.position > p_after AND e.user_id <> 0
       GROUP BY e.user_id
       UNION ALL
      SELECT m.user_id, NULL, NULL, NULL, NULL, NULL, max(m.at) FROM marked m GROUP BY m.user_id
    ), changed AS MATERIALIZED (
      SELECT h.user_id, CASE WHEN u.is_listed THEN b.board ELSE -b.board END AS board, b.value, s.board AS old_board,
             -s.minus_value AS old_value, s.since AS old_since,
             ttfd.standing_since(s.since, b.value = -s.minus_value, max(b.moved_at), max(h.touched_at)) AS since
        FROM heard h
        LEFT JOIN ttfd.unified_users u ON u.id = h.user_id AND u.merged_into IS NULL AND u.forgotten_at IS NULL
       CROSS JOIN LATERAL (
               VALUES (1, coalesce(u.coins, 0), h.coins_at),
                      (2, coalesce(u.messages_sent, 0), h.messages_at),
                      (3, coalesce(u.total_voice_time, 0), h.voice_at),
                      (4, coalesce(u.games_played, 0), h.games_at),
                      (5, coalesce(u.games_won, 0), h.wins_at)) b (board, value, moved_at)
        LEFT JOIN ttfd.standings s ON s.user_id = h.user_id AND s.board = ANY (ARRAY[b.board, -b.board])
       WHERE b.moved_at IS NOT NULL OR h.touched_at IS NOT NULL
       GROUP BY h.user_id, u.is_listed, b.board, b.value, s.board, s.minus_value, s.since
    ), gone AS (
      DELETE FROM ttfd.standings s USING changed c WHERE c.value = 0 AND s.user_id = c.user_id AND s.board = c.old_board
    ), moved AS (
      UPDATE ttfd.standings s
         SET board = c.board, minus_value = -c.value, since = c.since
        FROM changed c
       WHERE c.value > 0 AND s.user_id = c.user_id AND s.board = c.old_board
         AND (c.board, c.value, c.since) <> (c.old_board, c.old_value, c.old_since)
    ), come AS (
      INSERT INTO ttfd.standings (board, minus_value, since, user_id)
      SELECT c.board, -c.value, c.since, c.user_id FROM changed c WHERE c.value > 0 AND c.old_board IS NULL
    )
    SELECT m.board, array_agg(m.value) AS values, array_agg(m.members) AS members
      FROM changed c
     CROSS JOIN LATERAL (VALUES (c.old_board, c.old_value, -1), (c.board, c.value, 1)) m (board, value, members)
     WHERE (c.board, c.value) IS DISTINCT FROM (c.old_board, c.old_value) AND m.board > 0 AND m.value > 0
     GROUP BY m.board
  LOOP
    PERFORM ttfd.count_moves(v_moves.values, v_moves.members, v_moves.board);
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_standings(bigint, boolean) IS
  'Brings standings and their counts up to date with the events after a position of the feed, and, when nothing waits any more, with standing_changes. Expects feed_head locked.';
