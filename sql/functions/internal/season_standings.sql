CREATE OR REPLACE FUNCTION ttfd.season_standings(p_season_id integer)
RETURNS TABLE (place bigint, user_id bigint, xp bigint, reached_at timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT row_number() OVER (ORDER BY t.xp DESC, t.reached_at, t.user_id), t.user_id, t.xp, t.reached_at
    FROM (SELECT s.user_id, sum(s.xp)::bigint AS xp, max(s.reached_at) AS reached_at
            FROM (SELECT u.id AS user_id, u.season_xp AS xp, u.season_reached_at AS reached_at
                    FROM ttfd.unified_users u
                   WHERE u.season_id = p_season_id AND u.forgotten_at IS NULL
                   UNION ALL
                  SELECT k.user_id, k.xp, k.reached_at
                    FROM ttfd.season_scores k
                    JOIN ttfd.unified_users u ON u.id = k.user_id AND u.forgotten_at IS NULL
                   WHERE k.season_id = p_season_id) s
           GROUP BY s.user_id) t
   WHERE t.xp > 0;
$$;

COMMENT ON FUNCTION ttfd.season_standings(integer) IS
  'How a season stands that is not closed: the most XP first, then who had it first, then the lower id.';
