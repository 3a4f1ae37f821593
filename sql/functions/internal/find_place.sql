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
    IF p_metric = 'xp' THEN
      since := p_user.xp_since;
    ELSIF value = 0 THEN
      since := TIMESTAMPTZ 'epoch';
    ELSE
      since := coalesce(
        (SELECT l.since FROM ttfd.list_unsettled(p_metric) l WHERE l.user_id = p_user.id),
        (SELECT s.since FROM ttfd.standings s WHERE s.user_id = p_user.id AND s.board + 0 = ttfd.board_number(p_metric)));
    END IF;
  END IF;
  IF NOT p_user.is_listed THEN
    since := NULL;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.find_place(ttfd.unified_users, text) IS
  'A member''s value by a metric, and since when; NULL when the member is not on this leaderboard.';
