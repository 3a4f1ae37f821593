-- The callers join few rows and want no hash; here are all.
CREATE OR REPLACE FUNCTION ttfd.walk_season(
  p_xp bigint, p_since timestamptz, p_user_id bigint, p_is_upwards boolean, p_limit bigint)
RETURNS TABLE (turn bigint, user_id bigint, value bigint, since timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
SET enable_hashjoin = on
SET jit = off
AS $$
DECLARE
  v_season_id integer := ttfd.running_season();
BEGIN
  IF p_is_upwards THEN
    RETURN QUERY
    SELECT row_number() OVER (), o.user_id, o.xp, o.reached_at
      FROM (SELECT s.user_id, s.xp, s.reached_at
              FROM ttfd.list_season_players(v_season_id) s
             WHERE s.is_listed AND (-s.xp, s.reached_at, s.user_id) < (-p_xp, p_since, p_user_id)
             ORDER BY s.xp, s.reached_at DESC, s.user_id DESC
             LIMIT p_limit) o;
  ELSE
    RETURN QUERY
    SELECT row_number() OVER (), o.user_id, o.xp, o.reached_at
      FROM (SELECT s.user_id, s.xp, s.reached_at
              FROM ttfd.list_season_players(v_season_id) s
             WHERE s.is_listed AND (-s.xp, s.reached_at, s.user_id) > (-p_xp, p_since, p_user_id)
             ORDER BY s.xp DESC, s.reached_at, s.user_id
             LIMIT p_limit) o;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.walk_season(bigint, timestamptz, bigint, boolean, bigint) IS
  'The members next above or below a place of the leaderboard of the running season. Returns turn (1 is the nearest), user_id, value, since.';
