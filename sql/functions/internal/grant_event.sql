-- The rules for one event, whose user is locked. apply_batch says the same for a set; test_apply_event compares the two.
CREATE OR REPLACE FUNCTION ttfd.grant_event(
  p_user_id bigint, p_rule ttfd.event_type_versions, p_platform text, p_data jsonb, p_occurred_at timestamptz,
  OUT xp bigint, OUT coins bigint, OUT note text, OUT cooldown_start timestamptz, OUT day_start timestamptz,
  OUT messages integer, OUT voice_seconds bigint, OUT games integer, OUT wins integer)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_seconds bigint;
  v_used bigint;
  v_factor numeric;
  v_is_idle boolean;
  v_is_cooling boolean;
  v_is_capped boolean := false;
BEGIN
  SELECT g.xp, g.coins, g.seconds, g.is_idle INTO xp, coins, v_seconds, v_is_idle
    FROM ttfd.assess_single(p_rule, p_data) g;
  cooldown_start := ttfd.start_of_window(p_rule.cooldown_seconds, p_occurred_at);
  day_start := CASE WHEN p_rule.daily_xp_cap IS NOT NULL THEN ttfd.start_of_window(86400, p_occurred_at) END;
  SELECT CASE WHEN p_rule.is_boostable AND EXISTS (SELECT 1 FROM ttfd.boosts)
              THEN ttfd.find_boost(p_user_id, p_rule.name, p_platform, p_occurred_at) END,
         EXISTS (SELECT 1 FROM ttfd.award_windows w
                  WHERE w.user_id = p_user_id AND w.event_type = p_rule.name AND NOT w.is_daily AND w.starts_at = cooldown_start),
         (SELECT w.xp FROM ttfd.award_windows w
           WHERE w.user_id = p_user_id AND w.event_type = p_rule.name AND w.is_daily AND w.starts_at = day_start)
    INTO v_factor, v_is_cooling, v_used;
  xp := ttfd.multiply_award(xp, v_factor);
  coins := ttfd.multiply_award(coins, v_factor);

  v_is_cooling := v_is_cooling AND (xp <> 0 OR coins <> 0);
  IF v_is_cooling THEN
    xp := 0;
    coins := 0;
  END IF;
  IF xp = 0 AND coins = 0 THEN
    cooldown_start := NULL;
  END IF;
  IF day_start IS NOT NULL AND xp > 0 THEN
    v_is_capped := xp > p_rule.daily_xp_cap - coalesce(v_used, 0);
    xp := least(xp, greatest(0, p_rule.daily_xp_cap - coalesce(v_used, 0)));
  END IF;
  note := ttfd.note_award(false, v_is_cooling, v_is_capped, v_is_idle, v_factor);

  messages := (p_rule.counter IS NOT DISTINCT FROM 'messages')::integer;
  voice_seconds := CASE WHEN p_rule.counter = 'voice' THEN coalesce(v_seconds, 0) ELSE 0 END;
  games := (p_rule.counter IS NOT DISTINCT FROM 'games')::integer;
  wins := (games = 1 AND p_data @> '{"won": true}')::integer;
END;
$$;

COMMENT ON FUNCTION ttfd.grant_event(bigint, ttfd.event_type_versions, text, jsonb, timestamptz) IS
  'What one event earns: XP, coins, the note, the windows it uses and the counters it moves.';
