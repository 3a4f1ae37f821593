-- Those whose standing is not settled are taken out of the counts where they stood and put in where they stand. Who has nothing
-- stands in no standings: these members are in the order in which they became members, and in a season they are not on it.
CREATE OR REPLACE FUNCTION ttfd.count_scores_above(
  p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint, OUT above bigint, OUT listed bigint)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
DECLARE
  v_board integer := ttfd.board_number(p_metric);
BEGIN
  SELECT c.above + e.above + n.moved, c.listed + n.come INTO above, listed
    FROM (SELECT coalesce(sum(k.members[(p_value >> 6 * (k.node & 15)::integer & 63)::integer + 2]), 0) AS above,
                 coalesce(sum(k.members[1]) FILTER (WHERE k.node = 10), 0) AS listed
            FROM ttfd.board_counts k
           WHERE k.node = ANY (ttfd.count_nodes(p_value)) AND k.board = v_board) c
   CROSS JOIN (
           SELECT count(*) AS above
             FROM ttfd.standings s
            WHERE s.board = v_board AND s.board <> 0 AND s.minus_value = -p_value
              AND (s.since, s.user_id) < (p_since, p_user_id)) e
   CROSS JOIN (
           SELECT count(*) FILTER (WHERE l.value > 0 AND (-l.value, l.since, l.user_id) < (-p_value, p_since, p_user_id))
                  - count(*) FILTER (WHERE (s.minus_value, s.since, s.user_id) < (-p_value, p_since, p_user_id)) AS moved,
                  count(*) FILTER (WHERE l.value > 0) - count(s.user_id) AS come
             FROM ttfd.list_unsettled(p_metric) l
             LEFT JOIN LATERAL (
                    SELECT o.* FROM ttfd.standings o WHERE o.user_id = l.user_id AND o.board = v_board OFFSET 0) s ON true) n;
  IF p_metric = 'season' THEN
    RETURN;
  END IF;
  IF p_value = 0 THEN
    above := above + (SELECT count(*)
                        FROM ttfd.unified_users u
                       WHERE u.id < p_user_id AND u.is_listed AND ttfd.metric_value(u, p_metric) = 0);
  END IF;
  listed := coalesce((SELECT k.members[1] FROM ttfd.board_counts k WHERE k.node = 10 AND k.board = 0), 0)
            + coalesce((SELECT sum(v.members) FROM ttfd.xp_moves v WHERE v.xp >= 0), 0);
END;
$$;

COMMENT ON FUNCTION ttfd.count_scores_above(text, bigint, timestamptz, bigint) IS
  'How many members stand above a place of the leaderboard by a metric of standings, and how many are on it.';
