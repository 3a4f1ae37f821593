-- Most moves stay within their 64 XP: what cancels out in one step never reaches the next. Counts that have come to zero
-- stay: a reader meets at most 64 of each shift. Whoever calls this holds feed_head, so writers do not wait here.
CREATE OR REPLACE FUNCTION ttfd.count_moves(p_xp bigint[], p_members bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH fine AS (
    SELECT m.xp, sum(m.members) AS members FROM unnest(p_xp, p_members) m (xp, members) GROUP BY m.xp HAVING sum(m.members) <> 0
  ), coarse AS (
    SELECT f.xp >> 6 AS bucket, sum(f.members) AS members FROM fine f GROUP BY f.xp >> 6 HAVING sum(f.members) <> 0
  )
  INSERT INTO ttfd.xp_counts AS c (shift, bucket, members)
  SELECT 0, f.xp, f.members FROM fine f
   UNION ALL
  SELECT 6, s.bucket, s.members FROM coarse s
   UNION ALL
  SELECT l.shift, s.bucket >> (l.shift - 6), sum(s.members)
    FROM coarse s
   CROSS JOIN generate_series(12, 60, 6) l (shift)
   GROUP BY l.shift, s.bucket >> (l.shift - 6)
  HAVING sum(s.members) <> 0
  ON CONFLICT (shift, bucket) DO UPDATE SET members = c.members + EXCLUDED.members;
END;
$$;

COMMENT ON FUNCTION ttfd.count_moves(bigint[], bigint[]) IS
  'Adds to xp_counts how many members came to each XP, or, below zero, left it. Expects feed_head locked.';
