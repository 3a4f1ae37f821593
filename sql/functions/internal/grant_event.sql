-- The rules for one event, whose user is locked. apply_batch says the same for a set; test_apply_event compares the two.
CREATE OR REPLACE FUNCTION ttfd.grant_event(p_user_id bigint, p_event_type text, p_data jsonb, p_occurred_at timestamptz)
RETURNS TABLE (xp bigint, coins bigint, note text, cooldown_start timestamptz, day_start timestamptz,
               messages integer, voice_seconds bigint, games integer, wins integer)
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN a.is_cooling THEN 0 WHEN t.daily_xp_cap IS NOT NULL THEN least(g.xp, a.room) ELSE g.xp END,
         CASE WHEN a.is_cooling THEN 0 ELSE g.coins END,
         CASE WHEN a.is_cooling THEN 'cooldown'
              WHEN t.daily_xp_cap IS NOT NULL AND g.xp > a.room THEN 'daily_cap'
              WHEN g.is_idle THEN 'idle'
         END,
         CASE WHEN NOT a.is_cooling THEN a.cooldown_start END,
         a.day_start,
         CASE WHEN t.counter = 'messages' THEN 1 ELSE 0 END,
         CASE WHEN t.counter = 'voice' THEN coalesce(g.seconds, 0) ELSE 0 END,
         CASE WHEN t.counter = 'games' THEN 1 ELSE 0 END,
         CASE WHEN t.counter = 'games' AND p_data @> '{"won": true}' THEN 1 ELSE 0 END
    FROM ttfd.event_types t
   CROSS JOIN LATERAL ttfd.assess_event(t, p_data) g
   CROSS JOIN LATERAL (
           SELECT CASE WHEN g.xp <> 0 OR g.coins <> 0 THEN ttfd.start_of_window(t.cooldown_seconds, p_occurred_at) END,
                  CASE WHEN g.xp > 0 AND t.daily_xp_cap IS NOT NULL THEN ttfd.start_of_window(86400, p_occurred_at) END
         ) w (cooldown_start, day_start)
   CROSS JOIN LATERAL (
           SELECT w.cooldown_start, w.day_start,
                  EXISTS (SELECT 1 FROM ttfd.award_windows k
                           WHERE k.user_id = p_user_id AND k.event_type = p_event_type
                             AND NOT k.is_daily AND k.starts_at = w.cooldown_start),
                  greatest(0, t.daily_xp_cap - coalesce(
                    (SELECT k.xp FROM ttfd.award_windows k
                      WHERE k.user_id = p_user_id AND k.event_type = p_event_type
                        AND k.is_daily AND k.starts_at = w.day_start), 0))
         ) a (cooldown_start, day_start, is_cooling, room)
   WHERE t.name = p_event_type;
$$;

COMMENT ON FUNCTION ttfd.grant_event(bigint, text, jsonb, timestamptz) IS
  'What one event earns: XP, coins, the note, the windows it uses and the counters it moves.';
