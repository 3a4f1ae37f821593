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
