-- An event is judged by the windows and boosts of the time at which it happened. Those of the longest cooldown before that
-- belong to it, too.
CREATE OR REPLACE FUNCTION ttfd.oldest_judgement()
RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT least(ttfd.current_time(),
                 (SELECT min(e.occurred_at) FROM ttfd.cross_platform_events_pending e WHERE e.xp IS NULL),
                 (SELECT min(f.occurred_at) FROM ttfd.failed_events f WHERE f.discarded_at IS NULL))
           - make_interval(secs => greatest(86400, max(t.cooldown_seconds)))
      FROM ttfd.event_type_versions t);
END;
$$;

COMMENT ON FUNCTION ttfd.oldest_judgement() IS
  'Before this moment no window begins that is still open or that an event that waits, or has failed, will be judged by.';
