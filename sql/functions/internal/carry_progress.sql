-- Places in closed seasons stay with whom they were won by; readers follow merged_into.
CREATE OR REPLACE FUNCTION ttfd.carry_progress(p_from_id bigint, p_into_id bigint)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_reached_at timestamptz := (SELECT u.season_reached_at FROM ttfd.unified_users u WHERE u.id = p_into_id);
  v_settled text[] := ARRAY(SELECT k.achievement FROM ttfd.user_achievements k WHERE k.user_id = p_into_id);
  v_scores jsonb;
BEGIN
  SELECT coalesce(jsonb_agg(s), '[]') INTO v_scores
    FROM (SELECT u.season_id, u.season_xp AS xp, u.season_reached_at AS reached_at
            FROM ttfd.unified_users u
            JOIN ttfd.seasons o ON o.id = u.season_id AND o.closed_at IS NULL
           WHERE u.id = p_from_id AND u.season_xp > 0
           UNION ALL
          SELECT k.season_id, k.xp, k.reached_at FROM ttfd.season_scores k WHERE k.user_id = p_from_id) s;
  PERFORM ttfd.move_season_scores(v_scores, p_from_id, p_into_id);

  INSERT INTO ttfd.user_achievements (user_id, achievement, unlocked_at)
  SELECT p_into_id, k.achievement, k.unlocked_at FROM ttfd.user_achievements k WHERE k.user_id = p_from_id
  ON CONFLICT (user_id, achievement) DO NOTHING;
  UPDATE ttfd.unified_users u
     SET achievements = u.achievements || ARRAY(
           SELECT k.achievement
             FROM ttfd.user_achievements k
            WHERE k.user_id = p_into_id AND k.achievement <> ALL (u.achievements)
            ORDER BY k.unlocked_at, k.achievement)
   WHERE u.id = p_into_id;
  PERFORM ttfd.settle_achievements(ARRAY[p_into_id], false);
  RETURN jsonb_build_object(
    'from_id', p_from_id, 'into_id', p_into_id, 'scores', v_scores, 'reached_at', v_reached_at,
    'achievements', (SELECT coalesce(jsonb_agg(k.achievement), '[]')
                       FROM ttfd.user_achievements k
                      WHERE k.user_id = p_into_id AND k.achievement <> ALL (v_settled)));
END;
$$;

COMMENT ON FUNCTION ttfd.carry_progress(bigint, bigint) IS
  'For a merge, once all else has moved, of two users who are locked: scores of open seasons and achievements go to the survivor; what both have reached together is unlocked without a reward. It alone moves season_id, season_xp and season_reached_at. Returns what return_progress needs to undo it.';
