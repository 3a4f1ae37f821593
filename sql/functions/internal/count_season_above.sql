CREATE OR REPLACE FUNCTION ttfd.count_season_above(
  p_xp bigint, p_since timestamptz, p_user_id bigint, OUT above bigint, OUT listed bigint)
LANGUAGE plpgsql STABLE
SET enable_hashjoin = on
SET enable_seqscan = on
SET jit = off
AS $$
BEGIN
  SELECT count(*) FILTER (WHERE s.xp > p_xp OR s.xp = p_xp AND (s.reached_at, s.user_id) < (p_since, p_user_id)), count(*)
    INTO above, listed
    FROM ttfd.list_season_players(ttfd.running_season()) s
   WHERE s.is_listed;
END;
$$;

COMMENT ON FUNCTION ttfd.count_season_above(bigint, timestamptz, bigint) IS
  'How many members stand above a place of the leaderboard of the running season, and how many are on it.';
