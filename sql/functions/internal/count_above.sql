-- By XP: at each node on the way who is on the branches to the right; what was not settled yet; and of those with the same XP the ones
-- who were there first. Other metrics count members one by one.
CREATE OR REPLACE FUNCTION ttfd.count_above(p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
  IF p_metric <> 'xp' THEN
    RETURN ttfd.count_scores_above(p_metric, p_value, p_since, p_user_id);
  END IF;
  RETURN (SELECT coalesce(sum(c.members[(p_value >> 6 * (c.node & 15)::integer & 63)::integer + 2]), 0)
            FROM ttfd.xp_counts c
           WHERE c.node = ANY (ttfd.count_nodes(p_value)))
       + (SELECT coalesce(sum(m.members), 0) FROM ttfd.xp_moves m WHERE m.xp > p_value)
       + (SELECT count(*)
            FROM ttfd.xp_standings s
           WHERE s.minus_xp = -p_value AND (s.since, s.user_id) < (p_since, p_user_id));
END;
$$;

COMMENT ON FUNCTION ttfd.count_above(text, bigint, timestamptz, bigint) IS
  'How many members stand above a value of a metric; among equals who reached it first (xp, season) or has the lower id.';
