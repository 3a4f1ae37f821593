-- Most moves stay within their 64 XP: what cancels out in one step never reaches the next.
-- The nodes are those of count_nodes. Whoever calls this holds
-- feed_head, so writers do not wait here, and a node that is not there is made by nobody else.
CREATE OR REPLACE FUNCTION ttfd.count_moves(p_xp bigint[], p_members bigint[], p_board integer DEFAULT 0)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH fine AS (
    SELECT m.xp, sum(m.members)::bigint AS members
      FROM unnest(p_xp, p_members) m (xp, members)
     GROUP BY m.xp
    HAVING sum(m.members) <> 0
  ), coarse AS (
    SELECT f.xp >> 6 AS xp, sum(f.members)::bigint AS members FROM fine f GROUP BY f.xp >> 6 HAVING sum(f.members) <> 0
  ), coarser AS (
    SELECT c.xp >> 6 AS xp, sum(c.members)::bigint AS members FROM coarse c GROUP BY c.xp >> 6 HAVING sum(c.members) <> 0
  ), branches AS (
    SELECT f.xp >> 6 << 4 AS node, (f.xp & 63)::integer + 1 AS branch, f.members FROM fine f
     UNION ALL
    SELECT c.xp >> 6 << 4 | 1, (c.xp & 63)::integer + 1, c.members FROM coarse c
     UNION ALL
    SELECT c.xp >> 6 * (l.level - 1) << 4 | l.level, (c.xp >> 6 * (l.level - 2) & 63)::integer + 1,
           sum(c.members)::bigint
      FROM coarser c
     CROSS JOIN generate_series(2, 10) l (level)
     GROUP BY 1, 2
    HAVING sum(c.members) <> 0
  ), nodes AS MATERIALIZED (
    SELECT b.node, array_agg(b.branch ORDER BY b.branch DESC) AS branches, array_agg(b.members ORDER BY b.branch DESC) AS members
      FROM branches b
     GROUP BY b.node
  ), updated AS (
    UPDATE ttfd.board_counts c SET members = ttfd.add_counts(c.members, n.branches, n.members)
      FROM nodes n
     WHERE c.node = n.node AND c.board = p_board
    RETURNING c.node
  )
  INSERT INTO ttfd.board_counts (node, board, members)
  SELECT n.node, p_board, ttfd.add_counts(array_fill(0, ARRAY[64]), n.branches, n.members)
    FROM nodes n
   WHERE n.node NOT IN (SELECT u.node FROM updated u)
   ORDER BY n.node;
END;
$$;

COMMENT ON FUNCTION ttfd.count_moves(bigint[], bigint[], integer) IS
  'Adds to board_counts how many members came to each value of a board (XP unless told otherwise), or, below zero, left it. Expects feed_head locked.';
