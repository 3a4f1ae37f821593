-- The rules for one event, whose user is locked. apply_batch says the same for a set; test_apply_event compares the two.
CREATE OR REPLACE FUNCTION ttfd.grant_event(
  p_user_id bigint, p_rule ttfd.event_type_versions, p_platform text, p_data jsonb, p_occurred_at timestamptz)
RETURNS ttfd.event_grant
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_assessed record := ttfd.assess_single(p_rule, p_data);
  v_xp bigint := v_assessed.xp;
  v_coins bigint := v_assessed.coins;
  v_note text;
  v_cooldown_start timestamptz;
  v_day_start timestamptz;
  v_messages integer := 0;
  v_voice_seconds bigint := 0;
  v_games integer := 0;
  v_wins integer := 0;
  v_left bigint;
  v_factor numeric;
  v_is_cooling boolean := false;
  v_is_capped boolean := false;
  v_grant ttfd.event_grant;
BEGIN
  IF p_rule.is_boostable AND EXISTS (SELECT 1 FROM ttfd.boosts) THEN
    v_factor := ttfd.find_boost(p_user_id, p_rule.name, p_platform, p_occurred_at);
    v_xp := ttfd.multiply_award(v_xp, v_factor);
    v_coins := ttfd.multiply_award(v_coins, v_factor);
  END IF;

  IF p_rule.cooldown_seconds IS NOT NULL AND (v_xp <> 0 OR v_coins <> 0) THEN
    v_cooldown_start := ttfd.start_of_window(p_rule.cooldown_seconds, p_occurred_at);
    v_is_cooling := EXISTS (
      SELECT 1
        FROM ttfd.award_windows w
       WHERE w.user_id = p_user_id AND w.event_type = p_rule.name AND NOT w.is_daily AND w.starts_at = v_cooldown_start);
    IF v_is_cooling THEN
      v_xp := 0;
      v_coins := 0;
      v_cooldown_start := NULL;
    END IF;
  END IF;
  IF p_rule.daily_xp_cap IS NOT NULL AND v_xp > 0 THEN
    v_day_start := ttfd.start_of_window(86400, p_occurred_at);
    v_left := p_rule.daily_xp_cap - coalesce(
      (SELECT w.xp
         FROM ttfd.award_windows w
        WHERE w.user_id = p_user_id AND w.event_type = p_rule.name AND w.is_daily AND w.starts_at = v_day_start), 0);
    v_is_capped := v_xp > v_left;
    v_xp := least(v_xp, greatest(0, v_left));
    v_day_start := CASE WHEN v_xp > 0 THEN v_day_start END;
  END IF;
  IF v_is_cooling OR v_is_capped OR v_assessed.is_idle OR v_factor IS NOT NULL THEN
    v_note := ttfd.note_award(false, v_is_cooling, v_is_capped, v_assessed.is_idle, v_factor);
  END IF;

  CASE p_rule.counter
    WHEN 'messages' THEN
      v_messages := 1;
    WHEN 'voice' THEN
      v_voice_seconds := coalesce(v_assessed.seconds, 0);
    WHEN 'games' THEN
      v_games := 1;
      v_wins := (p_data @> '{"won": true}')::integer;
    ELSE
      NULL;
  END CASE;
  SELECT v_xp, v_coins, v_note, v_cooldown_start, v_day_start, v_messages, v_voice_seconds, v_games, v_wins,
         v_xp = 0 AND v_coins = 0 AND v_games = 0 AND v_voice_seconds = 0
    INTO v_grant;
  RETURN v_grant;
END;
$$;

COMMENT ON FUNCTION ttfd.grant_event(bigint, ttfd.event_type_versions, text, jsonb, timestamptz) IS
  'What one event earns: XP, coins, the note, the windows it uses, the counters it moves, and whether it is no more than a count of messages.';
