-- Whoever calls this holds feed_head, so nobody else writes xp_counts. Most moves stay within their 256 XP: what cancels
-- out in one step never reaches the next. Counts that have come to zero stay: a reader meets at most 256 of each shift.
CREATE OR REPLACE FUNCTION ttfd.settle_moves()
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH settled AS (
    DELETE FROM ttfd.xp_moves RETURNING xp, members
  ), fine AS (
    SELECT s.xp, sum(s.members) AS members FROM settled s GROUP BY s.xp HAVING sum(s.members) <> 0
  ), coarse AS (
    SELECT f.xp >> 8 AS bucket, sum(f.members) AS members FROM fine f GROUP BY f.xp >> 8 HAVING sum(f.members) <> 0
  )
  INSERT INTO ttfd.xp_counts AS c (shift, bucket, members)
  SELECT 0, f.xp, f.members FROM fine f
   UNION ALL
  SELECT 8, s.bucket, s.members FROM coarse s
   UNION ALL
  SELECT l.shift, s.bucket >> (l.shift - 8), sum(s.members)
    FROM coarse s
   CROSS JOIN generate_series(16, 56, 8) l (shift)
   GROUP BY l.shift, s.bucket >> (l.shift - 8)
  HAVING sum(s.members) <> 0
  ON CONFLICT (shift, bucket) DO UPDATE SET members = c.members + EXCLUDED.members;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_moves() IS 'Brings xp_counts up to date with the moves that were made since. Expects feed_head locked.';
