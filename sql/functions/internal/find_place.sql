CREATE OR REPLACE FUNCTION ttfd.find_place(p_user ttfd.unified_users, p_metric text, OUT value bigint, OUT since timestamptz)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_metric = 'season' THEN
    SELECT s.xp, s.reached_at INTO value, since
      FROM ttfd.list_season_players(ttfd.running_season()) s
     WHERE s.user_id = p_user.id;
    value := coalesce(value, 0);
  ELSE
    value := ttfd.metric_value(p_user, p_metric);
    since := CASE WHEN p_metric = 'xp' THEN p_user.xp_since ELSE TIMESTAMPTZ 'epoch' END;
  END IF;
  IF NOT p_user.is_listed THEN
    since := NULL;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.find_place(ttfd.unified_users, text) IS
  'A member''s value by a metric, and since when as list_scores tells it; NULL when the member is not on this leaderboard.';
