-- Almost nobody was merged, so one probe finds almost everybody.
CREATE OR REPLACE FUNCTION ttfd.find_place(
  p_user_id bigint, p_metric text, OUT user_id bigint, OUT value bigint, OUT since timestamptz)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_is_listed boolean;
  v_season_id integer;
BEGIN
  SELECT u.id, u.is_listed, ttfd.metric_value(u, p_metric), u.xp_since
    INTO user_id, v_is_listed, value, since
    FROM ttfd.unified_users u
   WHERE u.id = p_user_id AND u.merged_into IS NULL AND u.forgotten_at IS NULL;
  IF NOT FOUND THEN
    SELECT p.* INTO user_id, value, since FROM ttfd.find_place((ttfd.find_survivor(p_user_id)).id, p_metric) p;
    RETURN;
  END IF;
  IF p_metric = 'season' THEN
    v_season_id := ttfd.running_season();
    SELECT s.xp, s.reached_at INTO value, since
      FROM ttfd.list_season_players(v_season_id) s
     WHERE s.user_id = find_place.user_id;
    value := coalesce(value, 0);
  ELSIF value = 0 AND p_metric <> 'xp' THEN
    since := TIMESTAMPTZ 'epoch';
  ELSIF p_metric <> 'xp' THEN
    since := coalesce(
      (SELECT l.since FROM ttfd.list_unsettled(p_metric) l WHERE l.user_id = find_place.user_id),
      (SELECT s.since
         FROM ttfd.standings s
        WHERE s.user_id = find_place.user_id AND s.board = ttfd.board_number(p_metric)));
  END IF;
  IF NOT v_is_listed THEN
    since := NULL;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.find_place(bigint, text) IS
  'A member, or whom it was merged into, with the value by a metric, and since when; NULL when the member is not on this leaderboard. Raises TU001 when there is no such user, or it was forgotten.';
