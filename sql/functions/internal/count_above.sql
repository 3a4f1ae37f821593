CREATE OR REPLACE FUNCTION ttfd.count_above(
  p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint, OUT above bigint, OUT listed bigint)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
  CASE p_metric
    WHEN 'xp' THEN
      SELECT c.* INTO above, listed FROM ttfd.count_xp_above(p_value, p_since, p_user_id) c;
    ELSE
      SELECT c.* INTO above, listed FROM ttfd.count_scores_above(p_metric, p_value, p_since, p_user_id) c;
  END CASE;
END;
$$;

COMMENT ON FUNCTION ttfd.count_above(text, bigint, timestamptz, bigint) IS
  'How many members stand above a value of a metric, or among equals have reached it first, and how many are on the leaderboard.';
