CREATE OR REPLACE FUNCTION ttfd.list_season_results(
  p_season_id integer, p_after bigint DEFAULT 0, p_limit integer DEFAULT 100)
RETURNS TABLE (
  place bigint, user_id bigint, display_name text, rank_id smallint, xp bigint, reached_at timestamptz, reward_xp bigint,
  reward_coins bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM seasons s WHERE s.id = p_season_id) THEN
    PERFORM raise_unknown_season(p_season_id);
  END IF;
  RETURN QUERY
  SELECT l.place, u.id, coalesce(u.display_name, u.username), u.rank_id, l.xp, l.reached_at, l.reward_xp, l.reward_coins
    FROM (SELECT r.place, r.user_id, r.xp, r.reached_at, r.reward_xp, r.reward_coins
            FROM season_results r
           WHERE r.season_id = p_season_id
           UNION ALL
          SELECT s.place, s.user_id, s.xp, s.reached_at, w.xp, w.coins
            FROM season_standings(p_season_id) s
           CROSS JOIN LATERAL find_season_reward(p_season_id, s.place) w
           WHERE EXISTS (SELECT 1 FROM seasons o WHERE o.id = p_season_id AND o.closed_at IS NULL)) l
    JOIN unified_users m ON m.id = l.user_id
    JOIN unified_users u ON u.id = coalesce(m.merged_into, m.id)
   WHERE l.place > coalesce(p_after, 0) AND NOT u.is_hidden
   ORDER BY l.place
   LIMIT least(greatest(p_limit, 0), 1000);
END;
$$;

COMMENT ON FUNCTION ttfd.list_season_results(integer, bigint, integer) IS
  'The places of a season: for ever once it is closed, and as it stands before that. Returns place, user_id, display_name, rank_id, xp (earned in the season), reached_at, reward_xp, reward_coins; give the place of the last row as p_after for the next page (at most 1,000 rows). A member who was merged since stands as the survivor; a hidden one is left out, and the place stays empty. Raises TS001 when there is no such season.';

REVOKE ALL ON FUNCTION ttfd.list_season_results(integer, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_season_results(integer, bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
