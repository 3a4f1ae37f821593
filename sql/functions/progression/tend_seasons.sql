-- Whatever is due, after a minute or after a month. A season whose last events still wait in the queue stays open until they
-- are applied, so that a worker that was away does not take from anybody what was played in time.
CREATE OR REPLACE FUNCTION ttfd.tend_seasons()
RETURNS TABLE (started bigint, closed bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_season seasons;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM seasons) THEN
    INSERT INTO seasons (name, starts_at, ends_at)
    SELECT 'Season 1', v_now, v_now + s.length FROM season_settings s WHERE s.is_automatic
    ON CONFLICT DO NOTHING;
  END IF;
  PERFORM turn_seasons(v_now);
  closed := 0;
  -- One after the other: each is settled with results, events and an audit line of its own.
  FOR v_season IN
    SELECT s.*
      FROM seasons s
     WHERE s.closed_at IS NULL AND s.ends_at <= v_now - (SELECT g.grace FROM season_settings g)
     ORDER BY s.starts_at
       FOR UPDATE SKIP LOCKED
  LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM cross_platform_events_pending e
                           WHERE e.xp IS NULL AND e.occurred_at >= v_season.starts_at AND e.occurred_at < v_season.ends_at);
    PERFORM settle_season(v_season);
    closed := closed + 1;
  END LOOP;
  started := announce_seasons();
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.tend_seasons() IS
  'Closes seasons that have ended, after a time of grace for late events and not before those that wait are applied; starts the ones that follow (see season_settings), the very first one too. May be called by anybody at any time; what is done is done once. Returns started, closed. Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.tend_seasons() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.tend_seasons() TO ttfd_worker, ttfd_admin;
