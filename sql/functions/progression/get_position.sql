CREATE OR REPLACE FUNCTION ttfd.get_position(p_user_id bigint, p_metric text DEFAULT 'xp')
RETURNS TABLE ("position" bigint, value bigint, total bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users;
  v_place record;
  v_counts record;
BEGIN
  PERFORM require_metric(p_metric);
  v_user := find_survivor(p_user_id);
  v_place := find_place(v_user, p_metric);
  v_counts := count_above(p_metric, v_place.value, v_place.since, v_user.id);
  "position" := CASE WHEN v_place.since IS NOT NULL THEN v_counts.above + 1 END;
  value := v_place.value;
  total := v_counts.listed;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_position(bigint, text) IS
  'Where a member stands by a metric (see list_leaderboard): in the same short time whatever the number of members, but for the season and for a member who has nothing of it. Returns position (NULL for a hidden member, and by season for one who has earned nothing in it), value, total (members listed). Raises TU001 when there is no such user, 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.get_position(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_position(bigint, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
