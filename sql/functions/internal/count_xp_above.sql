-- At each node on the way who is on the branches to the right; what was not settled yet; and of those with the same XP the
-- ones who were there first. One statement: a bot asks this with every rank card, and statements are what it costs.
CREATE OR REPLACE FUNCTION ttfd.count_xp_above(
  p_xp bigint, p_since timestamptz, p_user_id bigint, OUT above bigint, OUT listed bigint)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
  SELECT c.above + m.above + e.above, c.listed + m.listed INTO above, listed
    FROM (SELECT coalesce(sum(n.members[(p_xp >> 6 * (n.node & 15)::integer & 63)::integer + 2]), 0) AS above,
                 coalesce(sum(n.members[1]) FILTER (WHERE n.node = 10), 0) AS listed
            FROM ttfd.board_counts n
           WHERE n.node = ANY (ttfd.count_nodes(p_xp))) c
   CROSS JOIN (
           SELECT coalesce(sum(v.members) FILTER (WHERE v.xp > p_xp), 0) AS above, coalesce(sum(v.members), 0) AS listed
             FROM ttfd.xp_moves v
            WHERE v.xp >= 0) m
   CROSS JOIN (
           SELECT count(*) AS above
             FROM ttfd.xp_standings s
            WHERE s.minus_xp = -p_xp AND (s.since, s.user_id) < (p_since, p_user_id)) e;
END;
$$;

COMMENT ON FUNCTION ttfd.count_xp_above(bigint, timestamptz, bigint) IS
  'How many members stand above a place of the leaderboard by XP, and how many are on it.';
