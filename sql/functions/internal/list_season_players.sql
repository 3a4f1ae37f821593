CREATE OR REPLACE FUNCTION ttfd.list_season_players(p_season_id integer)
RETURNS TABLE (user_id bigint, xp bigint, reached_at timestamptz, is_listed boolean)
LANGUAGE sql STABLE
AS $$
  SELECT p.id, p.own_xp + coalesce(p.more_xp, 0), coalesce(greatest(p.own_at, p.more_at), TIMESTAMPTZ 'epoch'), p.is_listed
    FROM (SELECT u.id, u.is_listed,
                 CASE WHEN u.season_id = p_season_id THEN u.season_xp ELSE 0 END AS own_xp, k.xp AS more_xp,
                 CASE WHEN u.season_id = p_season_id THEN u.season_reached_at END AS own_at, k.reached_at AS more_at
            FROM ttfd.unified_users u
            LEFT JOIN ttfd.season_scores k ON k.user_id = u.id AND k.season_id = p_season_id
           WHERE u.forgotten_at IS NULL) p
   WHERE p.own_xp + coalesce(p.more_xp, 0) > 0;
$$;

COMMENT ON FUNCTION ttfd.list_season_players(integer) IS
  'Who has earned XP in a season that is not closed, how many, and since when; hidden members too.';
