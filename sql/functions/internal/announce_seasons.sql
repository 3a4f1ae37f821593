CREATE OR REPLACE FUNCTION ttfd.announce_seasons()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_announced bigint;
BEGIN
  WITH begun AS (
    UPDATE ttfd.seasons s SET announced_at = v_now
     WHERE s.announced_at IS NULL AND s.starts_at <= v_now
    RETURNING s.id, s.name, s.starts_at, s.ends_at
  )
  INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  SELECT ttfd.generate_event_id(), 0, 'season_started', 'system',
         jsonb_build_object('season_id', b.id, 'season', b.name, 'starts_at', b.starts_at, 'ends_at', b.ends_at), 0, 0, v_now
    FROM begun b
   WHERE b.ends_at > v_now;
  GET DIAGNOSTICS v_announced = ROW_COUNT;
  RETURN v_announced;
END;
$$;

COMMENT ON FUNCTION ttfd.announce_seasons() IS
  'Tells the community (user_id 0) of seasons that have begun, once, by an event season_started. Returns how many.';
