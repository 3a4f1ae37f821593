CREATE OR REPLACE FUNCTION ttfd.count_above(p_metric text, p_value bigint, p_user_id bigint)
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_metric = 'xp' THEN
    RETURN (SELECT count(*) FROM ttfd.unified_users u
             WHERE u.merged_into IS NULL AND u.forgotten_at IS NULL AND u.xp_bucket >= p_value >> 8
               AND (u.xp > p_value OR u.xp = p_value AND u.id < p_user_id));
  END IF;
  RETURN (SELECT count(*)
            FROM ttfd.unified_users u
           CROSS JOIN LATERAL ttfd.metric_value(u, p_metric) m (value)
           WHERE u.merged_into IS NULL AND u.forgotten_at IS NULL AND (m.value > p_value OR m.value = p_value AND u.id < p_user_id));
END;
$$;

COMMENT ON FUNCTION ttfd.count_above(text, bigint, bigint) IS
  'How many members stand above a value of a metric; among equals the lower id stands above.';
