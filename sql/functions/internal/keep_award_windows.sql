CREATE OR REPLACE FUNCTION ttfd.keep_award_windows(
  p_user_id bigint, p_event_type text, p_cooldown_start timestamptz, p_day_start timestamptz, p_xp bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF p_cooldown_start IS NOT NULL THEN
    INSERT INTO ttfd.award_windows (user_id, event_type, is_daily, starts_at, xp)
    VALUES (p_user_id, p_event_type, false, p_cooldown_start, p_xp);
  END IF;
  IF p_day_start IS NOT NULL AND p_xp > 0 THEN
    INSERT INTO ttfd.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
    VALUES (p_user_id, p_event_type, true, p_day_start, p_xp)
    ON CONFLICT (user_id, event_type, is_daily, starts_at) DO UPDATE SET xp = w.xp + EXCLUDED.xp;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.keep_award_windows(bigint, text, timestamptz, timestamptz, bigint) IS
  'Remembers that an event has used its cooldown window and its share of the daily cap.';
