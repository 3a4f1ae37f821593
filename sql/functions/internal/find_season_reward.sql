CREATE OR REPLACE FUNCTION ttfd.find_season_reward(p_season_id integer, p_place bigint)
RETURNS TABLE (xp bigint, coins bigint)
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(max(r.xp), 0), coalesce(max(r.coins), 0)
    FROM (SELECT w.xp, w.coins
            FROM ttfd.season_rewards w
           WHERE p_place BETWEEN w.from_place AND w.to_place
             AND CASE WHEN EXISTS (SELECT 1 FROM ttfd.season_rewards o WHERE o.season_id = p_season_id)
                      THEN w.season_id = p_season_id ELSE w.season_id IS NULL END
           ORDER BY w.from_place DESC
           LIMIT 1) r;
$$;

COMMENT ON FUNCTION ttfd.find_season_reward(integer, bigint) IS 'What a place in a season earns.';
