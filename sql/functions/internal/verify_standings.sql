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
