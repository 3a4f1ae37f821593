CREATE OR REPLACE FUNCTION ttfd.list_neighbours(p_user_id bigint, p_metric text DEFAULT 'xp', p_count integer DEFAULT 3)
RETURNS TABLE (
  "position" bigint, user_id bigint, display_name text, value bigint, rank_id smallint, rank_name text, rank_color text,
  platforms text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
  v_place record;
  v_count integer := least(greatest(p_count, 0), 100);
  v_position bigint;
BEGIN
  PERFORM require_metric(p_metric);
  v_place := find_place(p_user_id, p_metric);
  IF v_place.since IS NULL THEN
    RETURN;
  END IF;
  v_position := (count_above(p_metric, v_place.value, v_place.since, v_place.user_id)).above + 1;
  RETURN QUERY
  SELECT v_position + n.distance, u.id, coalesce(u.display_name, u.username), n.value, u.rank_id, r.name, r.color, u.platforms
    FROM (SELECT -a.turn, a.user_id, a.value
            FROM walk_board(p_metric, v_place.value, v_place.since, v_place.user_id, true, v_count) a
           UNION ALL
          SELECT 0, v_place.user_id, v_place.value
           UNION ALL
          SELECT b.turn, b.user_id, b.value
            FROM walk_board(p_metric, v_place.value, v_place.since, v_place.user_id, false, v_count) b) n (distance, user_id, value)
    JOIN unified_users u ON u.id = n.user_id
    JOIN ranks r ON r.id = u.rank_id
   ORDER BY n.distance;
END;
$$;

COMMENT ON FUNCTION ttfd.list_neighbours(bigint, text, integer) IS
  'A member on the leaderboard by a metric (see list_leaderboard) with up to p_count (at most 100) members above and as many below, in order. Returns position, user_id, display_name, value, rank_id, rank_name, rank_color, platforms; no row for a member who is not on it. Raises TU001 when there is no such user, 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.list_neighbours(bigint, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_neighbours(bigint, text, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
