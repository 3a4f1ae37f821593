CREATE OR REPLACE FUNCTION ttfd.confirm_announcements(p_platform text, p_reader uuid, p_position bigint)
RETURNS TABLE (is_confirmed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM require_platform(p_platform);
  UPDATE announcement_cursors c
     SET position = greatest(c.position, p_position), leased_until = ttfd.current_time() + INTERVAL '2 minutes'
   WHERE c.platform = p_platform AND c.reader = p_reader
     AND p_position <= (SELECT h.position FROM feed_head h);
  is_confirmed := FOUND;
  DELETE FROM postponed_announcements a WHERE is_confirmed AND a.platform = p_platform AND a.position = p_position;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint) IS
  'Says that everything up to a position from take_announcements was told (or postponed: see postpone_announcement); call it after each. Who is killed in between tells that one again: at least once. Returns is_confirmed: false when another process has taken over, which tells the rest. Raises TP001.';

REVOKE ALL ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
