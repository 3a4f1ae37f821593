-- The session goes with its account, so what it has counted is queued while the account still says whose it is.
CREATE OR REPLACE FUNCTION ttfd.end_voice(p_account ttfd.platform_accounts)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH ending AS (
    SELECT s.platform, s.external_id, ttfd.accrue_voice(s, NULL, s.is_idle, ttfd.current_time()) AS a
      FROM ttfd.voice_sessions s
     WHERE s.platform = p_account.platform AND s.external_id = p_account.external_id
       FOR UPDATE
  )
  UPDATE ttfd.voice_sessions s
     SET seconds = (e.a).seconds, idle_seconds = (e.a).idle_seconds, seen_at = (e.a).seen_at
    FROM ending e
   WHERE s.platform = e.platform AND s.external_id = e.external_id;
  PERFORM ttfd.queue_voice(p_account.platform, ARRAY[p_account.external_id]);
END;
$$;

COMMENT ON FUNCTION ttfd.end_voice(ttfd.platform_accounts) IS
  'Queues the time in voice of an account that is about to go, for the user who has it.';
