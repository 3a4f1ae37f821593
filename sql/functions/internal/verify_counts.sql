-- The board of a season that is closed goes piece by piece.
CREATE OR REPLACE FUNCTION ttfd.verify_counts()
RETURNS TABLE (expected text, actual text)
LANGUAGE sql STABLE
AS $$
  SELECT format('%s on board %s with value >> %s = %s', coalesce(n.members, 0), coalesce(n.board, c.board),
                coalesce(n.shift, c.shift), coalesce(n.bucket, c.bucket)),
         coalesce(c.members, 0)::text
    FROM (SELECT v.board, l.shift, v.value >> l.shift AS bucket, sum(v.members) AS members
            FROM (SELECT 0, u.xp, count(*) FROM ttfd.unified_users u WHERE u.is_listed GROUP BY u.xp
                   UNION ALL
                  SELECT s.board, -s.minus_value, count(*) FROM ttfd.standings s WHERE s.board > 0 GROUP BY s.board, s.minus_value
                 ) v (board, value, members)
           CROSS JOIN generate_series(0, 60, 6) l (shift)
           GROUP BY v.board, l.shift, v.value >> l.shift) n
    FULL JOIN (SELECT a.board, a.shift, a.bucket, sum(a.members) AS members
                 FROM (SELECT k.board, 6 * (k.node & 15)::integer AS shift, (k.node >> 4 << 6) + b.branch - 1 AS bucket,
                              b.members - coalesce(k.members[b.branch + 1], 0) AS members
                         FROM ttfd.board_counts k CROSS JOIN unnest(k.members) WITH ORDINALITY b (members, branch)
                        UNION ALL
                       SELECT 0, l.shift, m.xp >> l.shift, m.members
                         FROM ttfd.xp_moves m CROSS JOIN generate_series(0, 60, 6) l (shift)) a
                GROUP BY a.board, a.shift, a.bucket) c
      ON c.board = n.board AND c.shift = n.shift AND c.bucket = n.bucket
   WHERE coalesce(n.members, 0) <> coalesce(c.members, 0)
     AND (coalesce(n.board, c.board) <= ttfd.season_board(0)
          OR EXISTS (SELECT 1
                       FROM ttfd.seasons e
                      WHERE ttfd.season_board(e.id) = coalesce(n.board, c.board) AND e.closed_at IS NULL));
$$;

COMMENT ON FUNCTION ttfd.verify_counts() IS 'Where board_counts does not say how many members there are: expected, actual.';
