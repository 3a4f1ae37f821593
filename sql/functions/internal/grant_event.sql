-- The rules for one event, whose user is locked. apply_batch says the same for a set; test_apply_event compares the two.
CREATE OR REPLACE FUNCTION ttfd.grant_event(p_user_id bigint, p_event_type text, p_data jsonb, p_occurred_at timestamptz)
RETURNS TABLE (xp bigint, coins bigint, note text, cooldown_start timestamptz, day_start timestamptz,
               messages integer, voice_seconds bigint, games integer, wins integer)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_type ttfd.event_types;
  v_room bigint;
  v_seconds bigint;
BEGIN
  SELECT * INTO v_type FROM ttfd.event_types t WHERE t.name = p_event_type;
  SELECT g.xp, g.coins, g.seconds, CASE WHEN g.is_idle THEN 'idle' END INTO xp, coins, v_seconds, note
    FROM ttfd.assess_event(v_type, p_data) g;

  messages := (v_type.counter IS NOT DISTINCT FROM 'messages')::integer;
  voice_seconds := CASE WHEN v_type.counter = 'voice' THEN coalesce(v_seconds, 0) ELSE 0 END;
  games := (v_type.counter IS NOT DISTINCT FROM 'games')::integer;
  wins := (games = 1 AND p_data @> '{"won": true}')::integer;

  IF v_type.cooldown_seconds IS NOT NULL AND (xp <> 0 OR coins <> 0) THEN
    cooldown_start := ttfd.start_of_window(v_type.cooldown_seconds, p_occurred_at);
    IF EXISTS (SELECT 1 FROM ttfd.award_windows w
                WHERE w.user_id = p_user_id AND w.event_type = p_event_type
                  AND NOT w.is_daily AND w.starts_at = cooldown_start) THEN
      xp := 0;
      coins := 0;
      note := 'cooldown';
      cooldown_start := NULL;
    END IF;
  END IF;

  IF v_type.daily_xp_cap IS NOT NULL AND xp > 0 THEN
    day_start := ttfd.start_of_window(86400, p_occurred_at);
    v_room := greatest(0, v_type.daily_xp_cap - coalesce(
      (SELECT w.xp FROM ttfd.award_windows w
        WHERE w.user_id = p_user_id AND w.event_type = p_event_type AND w.is_daily AND w.starts_at = day_start), 0));
    IF xp > v_room THEN
      xp := v_room;
      note := 'daily_cap';
    END IF;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.grant_event(bigint, text, jsonb, timestamptz) IS
  'What one event earns: XP, coins, the note, the windows it uses and the counters it moves.';
