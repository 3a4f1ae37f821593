-- Otherwise a merge would let a member earn a cooldown or a daily cap twice. The rows of the user that goes stay where they
-- are, for the undo.
CREATE OR REPLACE FUNCTION ttfd.carry_award_windows(p_from_id bigint, p_into_id bigint)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_kept jsonb;
BEGIN
  SELECT coalesce(jsonb_agg(jsonb_build_object('event_type', w.event_type, 'starts_at', w.starts_at)), '[]') INTO v_kept
    FROM ttfd.award_windows f
    JOIN ttfd.award_windows w
      ON w.user_id = p_into_id AND (w.event_type, w.is_daily, w.starts_at) = (f.event_type, f.is_daily, f.starts_at)
   WHERE f.user_id = p_from_id AND NOT f.is_daily;
  INSERT INTO ttfd.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
  SELECT p_into_id, f.event_type, f.is_daily, f.starts_at, f.xp
    FROM ttfd.award_windows f
   WHERE f.user_id = p_from_id
  ON CONFLICT (user_id, event_type, is_daily, starts_at) DO UPDATE SET xp = w.xp + EXCLUDED.xp WHERE w.is_daily;
  RETURN v_kept;
END;
$$;

COMMENT ON FUNCTION ttfd.carry_award_windows(bigint, bigint) IS
  'Adds the award windows of one user to those of another. Returns the cooldown windows that both had.';
