-- The id of the event is in the row that is reset in the same transaction, so time is counted once, whoever reports.
CREATE OR REPLACE FUNCTION ttfd.queue_voice(p_platform text, p_external_ids text[])
RETURNS integer
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_sent ttfd.sent_event[] := ARRAY(
    SELECT (row_number() OVER (ORDER BY s.external_id), s.slice_id, s.platform, s.external_id, 'voice_time', d.data,
            s.seen_at)::ttfd.sent_event
      FROM ttfd.voice_sessions s
     CROSS JOIN LATERAL (
             SELECT jsonb_build_object('seconds', floor(s.seconds), 'idle_seconds', least(ceil(s.idle_seconds), floor(s.seconds)))
           ) d (data)
     WHERE s.platform = p_platform AND s.external_id = ANY (p_external_ids) AND s.seconds >= 1
       AND ttfd.assess_sent_event(s.slice_id, ttfd.find_rule('voice_time', s.seen_at), d.data, s.seen_at) IS NULL);
BEGIN
  UPDATE ttfd.voice_sessions s
     SET slice_id = ttfd.generate_event_id(), seconds = 0, idle_seconds = 0
   WHERE s.platform = p_platform AND s.external_id = ANY (p_external_ids);
  RETURN cardinality(ttfd.insert_events(v_sent));
END;
$$;

COMMENT ON FUNCTION ttfd.queue_voice(text, text[]) IS
  'Queues the time of voice sessions that are locked as events voice_time, if the type is enabled, and begins to count anew. Returns how many it queued.';
