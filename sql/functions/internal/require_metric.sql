CREATE OR REPLACE FUNCTION ttfd.require_metric(p_metric text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_metric IS NULL OR p_metric NOT IN ('xp', 'season', 'coins', 'messages', 'voice', 'games', 'wins') THEN
    RAISE EXCEPTION 'no metric named "%"', p_metric
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use xp, season, coins, messages, voice, games or wins.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_metric(text) IS 'Refuses an unknown leaderboard metric. Raises 22023.';
