-- Both halves are there for the planner, who drops the one that a metric has no use for. Only XP and seasons know since when
-- a value holds; by other metrics equals stand by id.
CREATE OR REPLACE FUNCTION ttfd.list_scores(p_metric text)
RETURNS TABLE (user_id bigint, value bigint, since timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT u.id, ttfd.metric_value(u, p_metric), TIMESTAMPTZ 'epoch'
    FROM ttfd.unified_users u
   WHERE u.is_listed AND p_metric <> 'season'
   UNION ALL
  SELECT s.user_id, s.xp, s.reached_at
    FROM ttfd.list_season_players((SELECT ttfd.running_season())) s
   WHERE s.is_listed AND p_metric = 'season';
$$;

COMMENT ON FUNCTION ttfd.list_scores(text) IS
  'Everybody on the leaderboard by a metric other than xp, in no order: user_id, value, since when (the epoch where nobody knows).';
