CREATE OR REPLACE FUNCTION ttfd.is_blank(p_user ttfd.unified_users)
RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT p_user.xp = 0 AND p_user.coins = 0 AND p_user.messages_sent = 0 AND p_user.total_voice_time = 0
     AND p_user.games_played = 0 AND p_user.daily_streak = 0 AND p_user.last_daily IS NULL AND p_user.achievements = '{}';
$$;

COMMENT ON FUNCTION ttfd.is_blank(ttfd.unified_users) IS 'Whether a user has nothing yet that could be merged.';
