-- At each node on the way who is on the branches to the right; what was not settled yet; and of those with the same XP the
-- ones who were there first. It becomes part of the caller's statement; the callers ask for a plan that does not depend on how
-- many members there are.
CREATE OR REPLACE FUNCTION ttfd.count_xp_above(p_xp bigint, p_since timestamptz, p_user_id bigint)
RETURNS TABLE (above bigint, listed bigint)
LANGUAGE sql STABLE
AS $$
  SELECT (c.above + m.above + e.above)::bigint, (c.listed + m.listed)::bigint
    FROM (SELECT coalesce(sum(n.members[(p_xp >> 6 * (n.node & 15)::integer & 63)::integer + 2]), 0) AS above,
                 coalesce(sum(n.members[1]) FILTER (WHERE n.node = 10), 0) AS listed
            FROM ttfd.board_counts n
           WHERE n.node = ANY (ttfd.count_nodes(p_xp)) AND n.board = 0) c
   CROSS JOIN (
           SELECT coalesce(sum(v.members) FILTER (WHERE v.xp > p_xp), 0) AS above, coalesce(sum(v.members), 0) AS listed
             FROM ttfd.xp_moves v
            WHERE v.xp >= 0) m
   CROSS JOIN (
           SELECT count(*) AS above
             FROM ttfd.xp_standings s
            WHERE s.minus_xp = -p_xp AND (s.since, s.user_id) < (p_since, p_user_id)) e;
$$;

COMMENT ON FUNCTION ttfd.count_xp_above(bigint, timestamptz, bigint) IS
  'How many members stand above a place of the leaderboard by XP, and how many are on it.';
