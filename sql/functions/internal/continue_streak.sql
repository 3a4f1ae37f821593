-- A freeze that would not save the streak is kept.
CREATE OR REPLACE FUNCTION ttfd.continue_streak(p_user ttfd.unified_users, p_missed_days integer)
RETURNS TABLE (streak integer, freezes_used integer, freezes smallint, bonus numeric)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_missed_days <= p_user.streak_freezes THEN
    streak := p_user.daily_streak + 1;
    freezes_used := p_missed_days;
  ELSE
    streak := 1;
    freezes_used := 0;
  END IF;
  freezes := p_user.streak_freezes - freezes_used;
  IF streak % ttfd.read_setting('daily_freeze_days') = 0 AND freezes < ttfd.read_setting('daily_freezes_max') THEN
    freezes := freezes + 1;
  END IF;
  bonus := least(ttfd.read_setting('daily_streak_bonus') * (streak - 1), ttfd.read_setting('daily_streak_bonus_max'));
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.continue_streak(ttfd.unified_users, integer) IS
  'The streak after a daily claim, the freezes it used and those that are left, and the bonus in percent.';
