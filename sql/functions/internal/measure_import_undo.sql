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
