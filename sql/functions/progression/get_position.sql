CREATE OR REPLACE FUNCTION ttfd.get_position(p_user_id bigint, p_metric text DEFAULT 'xp')
RETURNS TABLE ("position" bigint, value bigint, total bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_id bigint;
BEGIN
  PERFORM require_metric(p_metric);
  SELECT u.id, m.value INTO v_id, value
    FROM unified_users asked
    JOIN unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
   CROSS JOIN LATERAL metric_value(u, p_metric) m (value)
   WHERE asked.id = p_user_id AND u.forgotten_at IS NULL;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  "position" := count_above(p_metric, value, v_id) + 1;
  total := (SELECT count(*) FROM unified_users u WHERE u.merged_into IS NULL AND u.forgotten_at IS NULL);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_position(bigint, text) IS
  'Where a member stands by a metric (see list_leaderboard). Returns position, value, total (members listed). Raises TU001 when there is no such user, 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.get_position(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_position(bigint, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
