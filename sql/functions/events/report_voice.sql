-- A channel as it is, not what changed: a report that is lost or sent twice makes no difference, and a bot that was away
-- reports what it finds. The bot sends one for both channels whenever somebody comes, goes or changes, where they go to
-- first, and one for every channel each minute.
CREATE OR REPLACE FUNCTION ttfd.report_voice(p_platform text, p_channel_id text, p_is_afk boolean, p_members jsonb,
                                              p_seconds_ago double precision DEFAULT 0)
RETURNS TABLE (present integer, queued integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_ids text[] := ARRAY(SELECT m.external_id FROM voice_members(p_is_afk, p_members) m);
  v_at timestamptz := ttfd.current_time() - make_interval(secs => least(greatest(coalesce(p_seconds_ago, 0), 0), 86400));
  v_ended text[];
BEGIN
  PERFORM require_read_committed();
  PERFORM require_platform(p_platform);
  PERFORM resolve_user(p_platform, n.id) FROM unnest(v_ids) n (id);  -- first contacts, in a fixed order
  PERFORM 1
     FROM voice_sessions s
    WHERE s.platform = p_platform AND (s.channel_id = p_channel_id OR s.external_id = ANY (v_ids))
    ORDER BY s.external_id
      FOR UPDATE;
  WITH seen AS (
    SELECT s.external_id, s.session_id = m.session_id AS is_same, accrue_voice(s, m.session_id, m.is_idle, v_at) AS a
      FROM voice_sessions s
      LEFT JOIN voice_members(p_is_afk, p_members) m ON m.external_id = s.external_id
     WHERE s.platform = p_platform AND (s.channel_id = p_channel_id OR m.external_id IS NOT NULL)
  ), accrued AS (
    UPDATE voice_sessions s
       SET seconds = (n.a).seconds, idle_seconds = (n.a).idle_seconds, seen_at = (n.a).seen_at
      FROM seen n
     WHERE s.platform = p_platform AND s.external_id = n.external_id
    RETURNING s.external_id, n.is_same IS TRUE AND s.seconds < 900 AS goes_on
  )
  SELECT coalesce(array_agg(d.external_id) FILTER (WHERE NOT d.goes_on), '{}') INTO v_ended FROM accrued d;
  queued := queue_voice(p_platform, v_ended);
  DELETE FROM voice_sessions s
   WHERE s.platform = p_platform AND s.channel_id = p_channel_id AND s.external_id <> ALL (v_ids);
  INSERT INTO voice_sessions AS s (platform, external_id, session_id, channel_id, slice_id, is_idle, seen_at)
  SELECT p_platform, m.external_id, m.session_id, p_channel_id, generate_event_id(), m.is_idle, v_at
    FROM voice_members(p_is_afk, p_members) m
   ORDER BY m.external_id
  ON CONFLICT (platform, external_id) DO UPDATE
     SET session_id = EXCLUDED.session_id, channel_id = EXCLUDED.channel_id, is_idle = EXCLUDED.is_idle,
         seen_at = greatest(s.seen_at, EXCLUDED.seen_at);
  present := cardinality(v_ids);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_voice(text, text, boolean, jsonb, double precision) IS
  'Who is in a voice channel now, or was some seconds ago (a day at most; earlier reports first), bots left out: a JSON array of objects with external_id, session_id (the platform''s name of the connection), is_muted, is_deafened. Time is counted between reports and queued as events voice_time with seconds and idle_seconds (AFK channel, muted, deafened, or nobody else who can hear), every 15 minutes and when a member leaves. Sent twice, or by two processes, it counts once. Report every channel each minute: what was silent for longer counts only if the connection is still the same. Returns present, queued (events). Raises 22023, TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.report_voice(text, text, boolean, jsonb, double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_voice(text, text, boolean, jsonb, double precision)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
