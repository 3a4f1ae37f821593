-- Counts failures and not hours: who calls this has seen another one arrive, so an outage, however long, uses up nothing.
-- The first time it is due at once, because the platform may have come back just after it was tried.
CREATE OR REPLACE FUNCTION ttfd.postpone_announcement(p_platform text, p_reader uuid, p_position bigint)
RETURNS TABLE (is_confirmed boolean, is_given_up boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_failures integer;
BEGIN
  PERFORM require_platform(p_platform);
  SELECT coalesce(max(a.failures), 0) + 1 INTO v_failures
    FROM postponed_announcements a
   WHERE a.platform = p_platform AND a.position = p_position;
  is_confirmed := (SELECT c.is_confirmed FROM confirm_announcements(p_platform, p_reader, p_position) c);
  is_given_up := is_confirmed AND v_failures >= 12;
  IF is_confirmed AND NOT is_given_up THEN
    INSERT INTO postponed_announcements (platform, position, epoch, failures, due_at)
    SELECT c.platform, p_position, c.epoch, v_failures,
           ttfd.current_time() + INTERVAL '1 minute' * (2 ^ (v_failures - 1) - 1)
      FROM announcement_cursors c
     WHERE c.platform = p_platform;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.postpone_announcement(text, uuid, bigint) IS
  'Says of one from take_announcements that the platform did not take it, but took another afterwards; call it in feed order, before that other is confirmed, because it confirms as confirm_announcements does. take_announcements gives it again at once, then after 1, 3, 7 ... 1023 minutes, each twice the one before and a minute; after 12 failures, a day and a half, it is given up. Returns is_confirmed (false when another process has taken over, which tells the rest), is_given_up. Raises TP001.';

REVOKE ALL ON FUNCTION ttfd.postpone_announcement(text, uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.postpone_announcement(text, uuid, bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
