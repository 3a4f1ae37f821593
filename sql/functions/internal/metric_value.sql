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
