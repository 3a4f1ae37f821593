-- Keeps the log small: of a member's old events one line remains, at the place of the newest of them, with their sums.
-- Their ids are kept, so that a resend still counts once. Opening balances of imports stay: they are the proof of those.
CREATE OR REPLACE FUNCTION ttfd.compact_events(p_before timestamptz)
RETURNS TABLE (users bigint, events bigint, "position" bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  -- Nothing is applied meanwhile; recording goes on.
  PERFORM 1 FROM feed_head FOR UPDATE;
  SELECT coalesce(max(e.position), 0) INTO "position"
    FROM cross_platform_events_processed e
   WHERE e.processed_at < p_before;

  WITH crowded AS MATERIALIZED (
    SELECT e.user_id
      FROM cross_platform_events_processed e
     WHERE e.position <= compact_events."position" AND NOT (e.event_type = 'opening_balance' AND e.source_platform <> 'system')
       AND e.user_id <> 0
     GROUP BY e.user_id
    HAVING count(*) > 1
  ), taken AS (
    DELETE FROM cross_platform_events_processed e
     USING crowded c
     WHERE e.user_id = c.user_id AND e.position <= compact_events."position"
       AND NOT (e.event_type = 'opening_balance' AND e.source_platform <> 'system')
    RETURNING e.*
  ), known AS (
    INSERT INTO compacted_events (id) SELECT t.id FROM taken t
  ), summed AS (
    INSERT INTO cross_platform_events_processed
      (id, user_id, event_type, source_platform, data, xp, coins, position, processed, occurred_at, created_at, processed_at)
    SELECT generate_event_id(), t.user_id, 'opening_balance', 'system',
           jsonb_build_object('events', sum(CASE WHEN t.event_type = 'opening_balance' THEN (t.data ->> 'events')::bigint ELSE 1 END),
                              'since', min(CASE WHEN t.event_type = 'opening_balance' THEN (t.data ->> 'since')::timestamptz ELSE t.occurred_at END)),
           sum(t.xp)::bigint, sum(t.coins)::bigint, max(t.position), true, max(t.occurred_at), now(), max(t.processed_at)
      FROM taken t
     GROUP BY t.user_id
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM summed), (SELECT count(*) FROM taken) INTO users, events;

  UPDATE feed_head h SET compacted_to = greatest(h.compacted_to, compact_events."position");
  PERFORM audit('events_compacted', NULL, jsonb_build_object('before', p_before, 'users', users, 'events', events));
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.compact_events(timestamptz) IS
  'Replaces each member''s events that were applied before a time by one event opening_balance with the same sums. Feed positions above stay as they are; below them the feed has gaps. Returns users, events (replaced), position (up to which). Audited.';

REVOKE ALL ON FUNCTION ttfd.compact_events(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.compact_events(timestamptz) TO ttfd_admin;
