CREATE OR REPLACE FUNCTION ttfd.close_stale_voice(p_platform text)
RETURNS TABLE (closed integer, queued integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_ids text[];
BEGIN
  PERFORM require_read_committed();
  PERFORM require_platform(p_platform);
  v_ids := ARRAY(SELECT s.external_id
                   FROM voice_sessions s
                  WHERE s.platform = p_platform AND s.seen_at < ttfd.current_time() - INTERVAL '5 minutes'
                  ORDER BY s.external_id
                    FOR UPDATE SKIP LOCKED);
  queued := queue_voice(p_platform, v_ids);
  DELETE FROM voice_sessions s WHERE s.platform = p_platform AND s.external_id = ANY (v_ids);
  closed := cardinality(v_ids);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.close_stale_voice(text) IS
  'Ends voice sessions that nobody has reported for five minutes, with the time up to the last report. Call it after report_voice for every channel. Returns closed, queued (events voice_time). Raises TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.close_stale_voice(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.close_stale_voice(text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
