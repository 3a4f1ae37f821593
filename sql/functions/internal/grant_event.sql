-- The rules for one event, whose user is locked. apply_batch says the same for a set; test_apply_event compares the two.
CREATE OR REPLACE FUNCTION ttfd.grant_event(
  p_user_id bigint, p_rule ttfd.event_type_versions, p_platform text, p_data jsonb, p_occurred_at timestamptz,
  OUT xp bigint, OUT coins bigint, OUT note text, OUT cooldown_start timestamptz, OUT day_start timestamptz,
  OUT messages integer, OUT voice_seconds bigint, OUT games integer, OUT wins integer, OUT is_small boolean)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_assessed record := ttfd.assess_single(p_rule, p_data);
  v_left bigint;
  v_factor numeric;
  v_is_cooling boolean := false;
  v_is_capped boolean := false;
BEGIN
  xp := v_assessed.xp;
  coins := v_assessed.coins;
  IF p_rule.is_boostable AND EXISTS (SELECT 1 FROM ttfd.boosts) THEN
    v_factor := ttfd.find_boost(p_user_id, p_rule.name, p_platform, p_occurred_at);
    xp := ttfd.multiply_award(xp, v_factor);
    coins := ttfd.multiply_award(coins, v_factor);
  END IF;

  IF p_rule.cooldown_seconds IS NOT NULL AND (xp <> 0 OR coins <> 0) THEN
    cooldown_start := ttfd.start_of_window(p_rule.cooldown_seconds, p_occurred_at);
    v_is_cooling := EXISTS (
      SELECT 1
        FROM ttfd.award_windows w
       WHERE w.user_id = p_user_id AND w.event_type = p_rule.name AND NOT w.is_daily AND w.starts_at = cooldown_start);
    IF v_is_cooling THEN
      xp := 0;
      coins := 0;
      cooldown_start := NULL;
    END IF;
  END IF;
  IF p_rule.daily_xp_cap IS NOT NULL AND xp > 0 THEN
    day_start := ttfd.start_of_window(86400, p_occurred_at);
    v_left := p_rule.daily_xp_cap - coalesce(
      (SELECT w.xp
         FROM ttfd.award_windows w
        WHERE w.user_id = p_user_id AND w.event_type = p_rule.name AND w.is_daily AND w.starts_at = day_start), 0);
    v_is_capped := xp > v_left;
    xp := least(xp, greatest(0, v_left));
    day_start := CASE WHEN xp > 0 THEN day_start END;
  END IF;
  IF v_is_cooling OR v_is_capped OR v_assessed.is_idle OR v_factor IS NOT NULL THEN
    note := ttfd.note_award(false, v_is_cooling, v_is_capped, v_assessed.is_idle, v_factor);
  END IF;

  messages := 0;
  voice_seconds := 0;
  games := 0;
  wins := 0;
  CASE p_rule.counter
    WHEN 'messages' THEN
      messages := 1;
    WHEN 'voice' THEN
      voice_seconds := coalesce(v_assessed.seconds, 0);
    WHEN 'games' THEN
      games := 1;
      wins := (p_data @> '{"won": true}')::integer;
    ELSE
      NULL;
  END CASE;
  is_small := xp = 0 AND coins = 0 AND games = 0 AND voice_seconds = 0;
END;
$$;

COMMENT ON FUNCTION ttfd.grant_event(bigint, ttfd.event_type_versions, text, jsonb, timestamptz) IS
  'What one event earns: XP, coins, the note, the windows it uses, the counters it moves, and whether it is no more than a count of messages.';
