-- The rules for one event, whose user is locked. apply_batch says the same for a set; test_apply_event compares the two.
CREATE OR REPLACE FUNCTION ttfd.grant_event(
  p_user_id bigint, p_event_type text, p_platform text, p_data jsonb, p_occurred_at timestamptz)
RETURNS TABLE (xp bigint, coins bigint, note text, cooldown_start timestamptz, day_start timestamptz,
               messages integer, voice_seconds bigint, games integer, wins integer)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_rule ttfd.event_type_versions := ttfd.find_rule(p_event_type, p_occurred_at);
  v_seconds bigint;
  v_room bigint;
  v_factor numeric;
  v_is_idle boolean;
  v_is_cooling boolean := false;
  v_is_capped boolean := false;
BEGIN
  SELECT g.xp, g.coins, g.seconds, g.is_idle INTO xp, coins, v_seconds, v_is_idle
    FROM ttfd.assess_event(v_rule, p_data) g;
  IF v_rule.is_boostable THEN
    v_factor := ttfd.find_boost(p_user_id, p_event_type, p_platform, p_occurred_at);
    xp := ttfd.multiply_award(xp, v_factor);
    coins := ttfd.multiply_award(coins, v_factor);
  END IF;

  messages := (v_rule.counter IS NOT DISTINCT FROM 'messages')::integer;
  voice_seconds := CASE WHEN v_rule.counter = 'voice' THEN coalesce(v_seconds, 0) ELSE 0 END;
  games := (v_rule.counter IS NOT DISTINCT FROM 'games')::integer;
  wins := (games = 1 AND p_data @> '{"won": true}')::integer;

  IF v_rule.cooldown_seconds IS NOT NULL AND (xp <> 0 OR coins <> 0) THEN
    cooldown_start := ttfd.start_of_window(v_rule.cooldown_seconds, p_occurred_at);
    v_is_cooling := EXISTS (SELECT 1 FROM ttfd.award_windows w
                             WHERE w.user_id = p_user_id AND w.event_type = p_event_type
                               AND NOT w.is_daily AND w.starts_at = cooldown_start);
    IF v_is_cooling THEN
      xp := 0;
      coins := 0;
      cooldown_start := NULL;
    END IF;
  END IF;

  IF v_rule.daily_xp_cap IS NOT NULL AND xp > 0 THEN
    day_start := ttfd.start_of_window(86400, p_occurred_at);
    v_room := greatest(0, v_rule.daily_xp_cap - coalesce(
      (SELECT w.xp FROM ttfd.award_windows w
        WHERE w.user_id = p_user_id AND w.event_type = p_event_type AND w.is_daily AND w.starts_at = day_start), 0));
    v_is_capped := xp > v_room;
    xp := least(xp, v_room);
  END IF;
  note := ttfd.note_award(false, v_is_cooling, v_is_capped, v_is_idle, v_factor);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.grant_event(bigint, text, text, jsonb, timestamptz) IS
  'What one event earns: XP, coins, the note, the windows it uses and the counters it moves.';
