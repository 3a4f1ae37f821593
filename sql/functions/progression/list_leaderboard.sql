-- A cursor names the last row seen by value, time and id, not by place, so members who move meanwhile neither hide nor
-- repeat those who do not. Seconds in double precision hold every microsecond until 2106.
CREATE OR REPLACE FUNCTION ttfd.list_leaderboard(p_metric text, p_limit integer DEFAULT 100, p_after text DEFAULT NULL)
RETURNS TABLE (
  "position" bigint, user_id bigint, display_name text, value bigint, rank_id smallint, rank_name text, rank_color text,
  platforms text[], cursor text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
  v_value bigint := 9223372036854775807;
  v_since timestamptz := TIMESTAMPTZ '-infinity';
  v_id bigint := 0;
  v_above bigint := 0;
BEGIN
  PERFORM require_metric(p_metric);
  IF p_after IS NOT NULL THEN
    v_value := split_part(p_after, ':', 1)::bigint;
    v_since := TIMESTAMPTZ 'epoch' + split_part(p_after, ':', 2)::bigint * INTERVAL '1 microsecond';
    v_id := split_part(p_after, ':', 3)::bigint;
    v_above := (count_above(p_metric, v_value, v_since, v_id + 1)).above;
  END IF;
  RETURN QUERY
  SELECT v_above + w.turn, u.id, coalesce(u.display_name, u.username), w.value, u.rank_id, r.name, r.color, u.platforms,
         w.value || ':' || (date_part('epoch', w.since) * 1000000)::bigint || ':' || u.id
    FROM walk_board(p_metric, v_value, v_since, v_id, false, least(greatest(p_limit, 0), 1000)) w
    JOIN unified_users u ON u.id = w.user_id
    JOIN ranks r ON r.id = u.rank_id
   ORDER BY w.turn;
END;
$$;

COMMENT ON FUNCTION ttfd.list_leaderboard(text, integer, text) IS
  'The best members by a metric: xp, season (XP earned in the running season, by those who earned any), coins, messages, voice (seconds), games or wins. Among equals who was there first stands above. Merged, forgotten and hidden members are left out. Returns position, user_id, display_name, value, rank_id, rank_name, rank_color, platforms, cursor; give the cursor of the last row as p_after for the next page (at most 1,000 rows). Raises 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.list_leaderboard(text, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_leaderboard(text, integer, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
