-- By XP: of each shift the buckets above, as far as the next shift does not count them as a whole; what was not settled
-- yet; and of those with the same XP the ones who were there first. Other metrics count rows.
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
    RETURN (SELECT count(*)
              FROM ttfd.unified_users u
             CROSS JOIN LATERAL ttfd.metric_value(u, p_metric) m (value)
             WHERE u.is_listed AND (m.value > p_value OR m.value = p_value AND u.id < p_user_id));
  END IF;
  RETURN (SELECT coalesce(sum(b.members), 0)
            FROM generate_series(0, 60, 6) l (shift)
           CROSS JOIN LATERAL (
                   SELECT sum(c.members) AS members
                     FROM ttfd.xp_counts c
                    WHERE c.shift = l.shift::smallint
                      AND c.bucket > p_value >> l.shift AND c.bucket <= (p_value >> l.shift | 63)) b)
       + (SELECT coalesce(sum(m.members), 0) FROM ttfd.xp_moves m WHERE m.xp > p_value)
       + (SELECT count(*)
            FROM ttfd.xp_standings s
           WHERE s.minus_xp = -p_value AND (s.since, s.user_id) < (p_since, p_user_id));
END;
$$;

COMMENT ON FUNCTION ttfd.count_above(text, bigint, timestamptz, bigint) IS
  'How many members stand above a value of a metric; among equals who reached it first (xp) or has the lower id.';
