-- The number of sessions of a member is bounded, so that logging in over and over fills nothing.
CREATE OR REPLACE FUNCTION ttfd.open_session(p_user_id bigint, p_token_hash bytea, p_method text)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_expires_at timestamptz := v_now + INTERVAL '30 days';
BEGIN
  DELETE FROM ttfd.website_sessions s
   WHERE s.token_hash IN (SELECT o.token_hash FROM ttfd.website_sessions o WHERE o.expires_at <= v_now LIMIT 100 FOR UPDATE SKIP LOCKED);
  DELETE FROM ttfd.website_sessions s
   WHERE s.token_hash IN (SELECT o.token_hash FROM ttfd.website_sessions o WHERE o.user_id = p_user_id
                           ORDER BY o.started_at DESC OFFSET 19);
  INSERT INTO ttfd.website_sessions (token_hash, user_id, method, started_at, expires_at)
  VALUES (p_token_hash, p_user_id, p_method, v_now, v_expires_at);
  RETURN v_expires_at;
END;
$$;

COMMENT ON FUNCTION ttfd.open_session(bigint, bytea, text) IS
  'A session of a member who is locked, for 30 days; of more than 20 the oldest ends. Returns when it expires.';
