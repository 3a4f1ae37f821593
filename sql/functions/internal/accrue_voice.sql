-- Whoever looked last has left the state that held until now. After a silence of the bot nobody knows what was in between:
-- it counts if the connection is the same, and earns if it did before and does now, for an hour at most.
CREATE OR REPLACE FUNCTION ttfd.accrue_voice(p_session ttfd.voice_sessions, p_session_id text, p_is_idle boolean, p_at timestamptz)
RETURNS ttfd.voice_sessions
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_gap numeric := greatest(0, extract(epoch FROM p_at - p_session.seen_at));
  v_is_silence boolean := v_gap > 150;
BEGIN
  IF v_is_silence AND p_session_id IS DISTINCT FROM p_session.session_id THEN
    RETURN p_session;
  END IF;
  p_session.seconds := p_session.seconds + v_gap;
  IF p_session.is_idle OR v_is_silence AND (p_is_idle OR v_gap > 3600) THEN
    p_session.idle_seconds := p_session.idle_seconds + v_gap;
  END IF;
  p_session.seen_at := greatest(p_session.seen_at, p_at);
  RETURN p_session;
END;
$$;

COMMENT ON FUNCTION ttfd.accrue_voice(ttfd.voice_sessions, text, boolean, timestamptz) IS
  'A voice session with the time added that has passed since it was last seen, given the connection as it is at that time (NULL: gone).';
