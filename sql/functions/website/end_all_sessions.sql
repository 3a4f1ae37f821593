CREATE OR REPLACE FUNCTION ttfd.end_all_sessions(p_user_id bigint)
RETURNS TABLE (ended integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  DELETE FROM website_sessions s WHERE s.user_id = (find_survivor(p_user_id)).id;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.end_all_sessions(bigint) IS
  'Logs a member out of every browser. Returns ended: how many sessions that were. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.end_all_sessions(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.end_all_sessions(bigint) TO ttfd_website, ttfd_admin;
