-- A walk along the key from one place on.
CREATE OR REPLACE FUNCTION ttfd.walk_board(
  p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint, p_is_upwards boolean, p_limit bigint)
RETURNS TABLE (turn bigint, user_id bigint, value bigint, since timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
  IF p_metric <> 'xp' THEN
    RETURN QUERY SELECT * FROM ttfd.walk_scores(p_metric, p_value, p_since, p_user_id, p_is_upwards, p_limit);
  ELSIF p_is_upwards THEN
    RETURN QUERY
    SELECT row_number() OVER (), s.user_id, -s.minus_xp, s.since
      FROM ttfd.xp_standings s
     WHERE (s.minus_xp, s.since, s.user_id) < (-p_value, p_since, p_user_id)
     ORDER BY s.minus_xp DESC, s.since DESC, s.user_id DESC
     LIMIT p_limit;
  ELSE
    RETURN QUERY
    SELECT row_number() OVER (), s.user_id, -s.minus_xp, s.since
      FROM ttfd.xp_standings s
     WHERE (s.minus_xp, s.since, s.user_id) > (-p_value, p_since, p_user_id)
     ORDER BY s.minus_xp, s.since, s.user_id
     LIMIT p_limit;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.walk_board(text, bigint, timestamptz, bigint, boolean, bigint) IS
  'The members next above or below a place of the leaderboard. Returns turn (1 is the nearest), user_id, value, since.';
