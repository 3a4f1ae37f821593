CREATE OR REPLACE FUNCTION ttfd.add_season_score(
  p_user_id bigint, p_season_id integer, p_xp bigint, p_reached_at timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET season_xp = u.season_xp + p_xp, season_reached_at = greatest(u.season_reached_at, p_reached_at)
   WHERE u.id = p_user_id AND u.season_id = p_season_id AND u.season_xp + p_xp >= 0;
  IF NOT FOUND THEN
    INSERT INTO ttfd.season_scores AS k (user_id, season_id, xp, reached_at)
    VALUES (p_user_id, p_season_id, p_xp, p_reached_at)
    ON CONFLICT (user_id, season_id)
    DO UPDATE SET xp = k.xp + EXCLUDED.xp, reached_at = greatest(k.reached_at, EXCLUDED.reached_at);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.add_season_score(bigint, integer, bigint, timestamptz) IS
  'Adds XP, which may be negative, to the score of a member who is locked, wherever that is kept.';
