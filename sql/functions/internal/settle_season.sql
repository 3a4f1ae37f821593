-- Everybody who took part is told the place by an event; the rewards are paid when the batch applies it. No member is locked
-- here, so that closing a season waits for nobody who plays. user_id 0 stands for the community.
CREATE OR REPLACE FUNCTION ttfd.settle_season(p_season ttfd.seasons)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_participants bigint;
BEGIN
  INSERT INTO ttfd.season_results (season_id, place, user_id, xp, reached_at, reward_xp, reward_coins)
  SELECT p_season.id, s.place, s.user_id, s.xp, s.reached_at, w.xp, w.coins
    FROM ttfd.season_standings(p_season.id) s
   CROSS JOIN LATERAL ttfd.find_season_reward(p_season.id, s.place) w;
  GET DIAGNOSTICS v_participants = ROW_COUNT;
  DELETE FROM ttfd.season_scores k WHERE k.season_id = p_season.id;
  UPDATE ttfd.seasons s SET closed_at = v_now, ends_at = least(s.ends_at, v_now) WHERE s.id = p_season.id;

  INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, occurred_at)
  SELECT ttfd.generate_event_id(), r.user_id, 'season_reward', 'system',
         jsonb_build_object('season_id', p_season.id, 'season', p_season.name, 'place', r.place, 'season_xp', r.xp,
                            'xp', r.reward_xp, 'coins', r.reward_coins),
         v_now
    FROM ttfd.season_results r
   WHERE r.season_id = p_season.id
   ORDER BY r.place;
  INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  VALUES (ttfd.generate_event_id(), 0, 'season_closed', 'system',
          jsonb_build_object(
            'season_id', p_season.id, 'season', p_season.name, 'participants', v_participants,
            'winners', (SELECT coalesce(jsonb_agg(jsonb_build_object('place', r.place, 'user_id', r.user_id, 'season_xp', r.xp)
                                                  ORDER BY r.place), '[]')
                          FROM ttfd.season_results r
                         WHERE r.season_id = p_season.id AND r.place <= 3)),
          0, 0, v_now);
  PERFORM ttfd.audit('season_closed', to_jsonb(p_season), jsonb_build_object('participants', v_participants));
  RETURN v_participants;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_season(ttfd.seasons) IS
  'Closes a season whose row is locked: results, an event season_reward for each who took part, an event season_closed. Returns how many took part.';
