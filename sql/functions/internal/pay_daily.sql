CREATE OR REPLACE FUNCTION ttfd.pay_daily(p_event_id uuid, p_user ttfd.unified_users, p_platform text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_outcome ttfd.event_outcome := ttfd.find_first_outcome(p_event_id, p_user.id, 'daily_claim', p_platform, '{}');
  v_day record;
  v_streak record;
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  SELECT * INTO v_day FROM ttfd.assess_daily(p_user, v_now);
  IF NOT v_day.is_due THEN
    PERFORM ttfd.raise_already_claimed('the daily reward', v_day.next_at);
  END IF;
  SELECT * INTO v_streak FROM ttfd.continue_streak(p_user, v_day.missed_days);
  v_outcome := ttfd.apply_grant(
    p_event_id, p_user, 'daily_claim', p_platform,
    jsonb_build_object('streak', v_streak.streak, 'bonus', v_streak.bonus, 'freeze_used', v_streak.freezes_used),
    floor(ttfd.read_setting('daily_xp') * (100 + v_streak.bonus) / 100)::bigint,
    floor(ttfd.read_setting('daily_coins') * (100 + v_streak.bonus) / 100)::bigint);
  UPDATE ttfd.unified_users u
     SET daily_streak = v_streak.streak, streak_freezes = v_streak.freezes,
         last_daily = v_day.today, last_daily_at = v_now, last_daily_zone = u.time_zone,
         last_active = greatest(u.last_active, v_now)
   WHERE u.id = p_user.id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.pay_daily(uuid, ttfd.unified_users, text) IS
  'The daily reward of a member who is locked: see claim_daily. Raises TC002, TE002.';
