CREATE OR REPLACE FUNCTION ttfd.restore_limits(p_user_id bigint, p_limits jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET last_daily = greatest(u.last_daily, (p_limits ->> 'last_daily')::date),
         last_daily_at = greatest(u.last_daily_at, (p_limits ->> 'last_daily_at')::timestamptz),
         last_daily_zone = coalesce(p_limits ->> 'last_daily_zone', u.last_daily_zone),
         achievements = u.achievements || ARRAY(
           SELECT k.name FROM jsonb_array_elements_text(p_limits -> 'achievements') k (name) WHERE k.name <> ALL (u.achievements)),
         highest_rank_id = greatest(u.highest_rank_id, (p_limits ->> 'highest_rank_id')::smallint)
   WHERE u.id = p_user_id;
  INSERT INTO ttfd.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
  SELECT p_user_id, l.event_type, l.is_daily, l.starts_at, l.xp
    FROM jsonb_to_recordset(p_limits -> 'windows') l (event_type text, is_daily boolean, starts_at timestamptz, xp bigint)
  ON CONFLICT (user_id, event_type, is_daily, starts_at) DO UPDATE SET xp = greatest(w.xp, EXCLUDED.xp);
  INSERT INTO ttfd.user_achievements (user_id, achievement, unlocked_at)
  SELECT p_user_id, k.name, ttfd.current_time() FROM jsonb_array_elements_text(p_limits -> 'achievements') k (name)
  ON CONFLICT (user_id, achievement) DO NOTHING;
  INSERT INTO ttfd.transfer_days AS d (user_id, day, coins)
  SELECT p_user_id, t.day, sum(t.coins)::bigint
    FROM jsonb_to_recordset(p_limits -> 'transfers') t (day date, coins bigint)
   GROUP BY t.day
  ON CONFLICT (user_id, day) DO UPDATE SET coins = greatest(d.coins, EXCLUDED.coins);
END;
$$;

COMMENT ON FUNCTION ttfd.restore_limits(bigint, jsonb) IS 'Gives a member the limits that collect_limits had collected.';
