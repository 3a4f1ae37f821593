CREATE OR REPLACE FUNCTION ttfd.count_listed()
RETURNS bigint
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $$
BEGIN
  RETURN (SELECT coalesce(sum(c.members), 0) FROM ttfd.xp_counts c WHERE c.shift = 60::smallint)
       + (SELECT coalesce(sum(m.members), 0) FROM ttfd.xp_moves m WHERE m.xp >= 0);
END;
$$;

COMMENT ON FUNCTION ttfd.count_listed() IS 'How many members are on the leaderboards.';
