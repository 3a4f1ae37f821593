CREATE OR REPLACE FUNCTION ttfd.count_above(
  p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint, OUT above bigint, OUT listed bigint)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_counts record;
BEGIN
  CASE p_metric
    WHEN 'xp' THEN v_counts := ttfd.count_xp_above(p_value, p_since, p_user_id);
    WHEN 'season' THEN v_counts := ttfd.count_season_above(p_value, p_since, p_user_id);
    ELSE v_counts := ttfd.count_scores_above(p_metric, p_value, p_since, p_user_id);
  END CASE;
  above := v_counts.above;
  listed := v_counts.listed;
END;
$$;

COMMENT ON FUNCTION ttfd.count_above(text, bigint, timestamptz, bigint) IS
  'How many members stand above a value of a metric, or among equals have reached it first, and how many are on the leaderboard.';
