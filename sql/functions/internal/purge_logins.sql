-- A link that is void is still the counter of how many the account has had within the hour: see create_login_link.
CREATE OR REPLACE FUNCTION ttfd.purge_logins(p_limit integer)
RETURNS TABLE (sessions bigint, links bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  DELETE FROM ttfd.website_sessions
   WHERE token_hash = ANY (ARRAY(SELECT s.token_hash FROM ttfd.website_sessions s
                                  WHERE s.expires_at <= v_now
                                  LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS sessions = ROW_COUNT;
  DELETE FROM ttfd.login_links
   WHERE ctid = ANY (ARRAY(SELECT l.ctid FROM ttfd.login_links l
                            WHERE l.expires_at <= v_now AND l.issued_since <= v_now - INTERVAL '1 hour'
                            LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS links = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.purge_logins(integer) IS
  'Removes sessions of the website that have expired, and login links that are void and count for nothing. Returns how many of each.';
