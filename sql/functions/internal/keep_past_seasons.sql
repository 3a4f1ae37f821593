-- A member's row holds the score of one season. When another begins before the last is closed, the old score steps aside.
CREATE OR REPLACE FUNCTION ttfd.keep_past_seasons(p_user_ids bigint[], p_season_id integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH past AS (
    SELECT u.id, u.season_id, u.season_xp, u.season_reached_at
      FROM ttfd.unified_users u
      JOIN ttfd.seasons s ON s.id = u.season_id AND s.closed_at IS NULL
     WHERE u.id = ANY (p_user_ids) AND u.season_id <> p_season_id
  ), kept AS (
    INSERT INTO ttfd.season_scores AS k (user_id, season_id, xp, reached_at)
    SELECT p.id, p.season_id, p.season_xp, p.season_reached_at FROM past p WHERE p.season_xp > 0
    ON CONFLICT (user_id, season_id)
    DO UPDATE SET xp = k.xp + EXCLUDED.xp, reached_at = greatest(k.reached_at, EXCLUDED.reached_at)
  )
  UPDATE ttfd.unified_users u
     SET season_id = p_season_id, season_xp = 0, season_reached_at = NULL
    FROM past p
   WHERE u.id = p.id;
END;
$$;

COMMENT ON FUNCTION ttfd.keep_past_seasons(bigint[], integer) IS
  'Readies members who are locked for a season: their score of another that is not closed yet goes to season_scores.';
