-- One process announces. The lease outlives a slow send, and lets another take over from one that was killed.
CREATE OR REPLACE FUNCTION ttfd.lease_announcements(p_platform text, p_reader uuid)
RETURNS ttfd.announcement_cursors
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_head bigint;
  v_epoch uuid;
  v_cursor ttfd.announcement_cursors;
BEGIN
  SELECT h.position, h.epoch INTO v_head, v_epoch FROM ttfd.feed_head h;
  INSERT INTO ttfd.announcement_cursors AS c (platform, position, epoch, reader, leased_until)
  VALUES (p_platform, v_head, v_epoch, p_reader, v_now + INTERVAL '2 minutes')
  ON CONFLICT (platform) DO UPDATE
     SET position = CASE WHEN c.epoch = v_epoch THEN c.position ELSE v_head END,
         epoch = v_epoch, reader = p_reader, leased_until = EXCLUDED.leased_until
   WHERE c.reader = p_reader OR c.leased_until <= v_now
  RETURNING * INTO v_cursor;
  RETURN v_cursor;
END;
$$;

COMMENT ON FUNCTION ttfd.lease_announcements(text, uuid) IS
  'Makes a process the one that announces on a platform for two minutes, from the present head at first and after a restore. Returns the cursor, all NULL when another process holds it.';
