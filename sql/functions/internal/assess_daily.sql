-- A day is a date where the member is. Dates that are claimed only ever grow, so moving the clocks earns nothing in the end.
-- Whoever has moved since the last claim counts that claim by the date it had in the new zone, so that a flight east costs no
-- streak; and waits 20 hours, so that it earns no second claim on the same day.
CREATE OR REPLACE FUNCTION ttfd.assess_daily(p_user ttfd.unified_users, p_at timestamptz)
RETURNS TABLE (today date, missed_days integer, is_due boolean, next_at timestamptz)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_last date := p_user.last_daily;
  v_earliest timestamptz := TIMESTAMPTZ '-infinity';
BEGIN
  IF p_user.last_daily_zone <> p_user.time_zone THEN
    v_last := greatest(v_last, (p_user.last_daily_at AT TIME ZONE p_user.time_zone)::date);
    v_earliest := p_user.last_daily_at + INTERVAL '20 hours';
  END IF;
  today := (p_at AT TIME ZONE p_user.time_zone)::date;
  missed_days := today - v_last - 1;
  is_due := v_last IS NULL OR today > v_last AND p_at >= v_earliest;
  next_at := greatest((v_last + 1)::timestamp AT TIME ZONE p_user.time_zone, v_earliest);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.assess_daily(ttfd.unified_users, timestamptz) IS
  'The member''s date, the days missed since the last daily claim (NULL when there was none), whether a claim is due and from when.';
