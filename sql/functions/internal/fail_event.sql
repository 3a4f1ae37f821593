-- An event that was granted already has its place in the ledger and never leaves it: that error is raised again.
CREATE OR REPLACE FUNCTION ttfd.fail_event(p_row tid, p_sqlstate text, p_message text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH taken AS (
    DELETE FROM ttfd.cross_platform_events_pending WHERE ctid = p_row AND xp IS NULL
    RETURNING *
  )
  INSERT INTO ttfd.failed_events
    (id, seq, user_id, event_type, source_platform, data, occurred_at, created_at, sqlstate, message)
  SELECT id, seq, user_id, event_type, source_platform, data, occurred_at, created_at, p_sqlstate, p_message
    FROM taken
  ON CONFLICT (id) DO UPDATE SET sqlstate = EXCLUDED.sqlstate, message = EXCLUDED.message, failed_at = EXCLUDED.failed_at;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.fail_event(tid, text, text) IS 'Moves a pending event to failed_events.';
