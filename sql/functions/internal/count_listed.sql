CREATE OR REPLACE FUNCTION ttfd.count_listed(p_metric text)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $$
BEGIN
  IF p_metric = 'season' THEN
    RETURN ttfd.count_scores_above(p_metric, -1, 'epoch', 0);
  END IF;
  RETURN coalesce((SELECT c.members[1] FROM ttfd.xp_counts c WHERE c.node = 10), 0)
       + (SELECT coalesce(sum(m.members), 0) FROM ttfd.xp_moves m WHERE m.xp >= 0);
END;
$$;

COMMENT ON FUNCTION ttfd.count_listed(text) IS 'How many members are on the leaderboard by a metric.';
