CREATE OR REPLACE FUNCTION ttfd.season_standings(p_season_id integer)
RETURNS TABLE (place bigint, user_id bigint, xp bigint, reached_at timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT row_number() OVER (ORDER BY s.xp DESC, s.reached_at, s.user_id), s.user_id, s.xp, s.reached_at
    FROM ttfd.list_season_players(p_season_id) s;
$$;

COMMENT ON FUNCTION ttfd.season_standings(integer) IS
  'How a season stands that is not closed: the most XP first, then who had it first, then the lower id.';
