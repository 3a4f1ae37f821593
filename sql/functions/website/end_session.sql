CREATE OR REPLACE FUNCTION ttfd.end_session(p_token_hash bytea)
RETURNS TABLE (ended integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  DELETE FROM website_sessions s WHERE s.token_hash = p_token_hash;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.end_session(bytea) IS 'Logs a browser out. Returns ended: 1, or 0 when there was no such session.';

REVOKE ALL ON FUNCTION ttfd.end_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.end_session(bytea) TO ttfd_website, ttfd_admin;
