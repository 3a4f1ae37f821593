CREATE OR REPLACE FUNCTION ttfd.feed_state()
RETURNS TABLE (head bigint, epoch uuid, pending bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT h.position, h.epoch, (SELECT count(*) FROM cross_platform_events_pending)
    FROM feed_head h;
$$;

COMMENT ON FUNCTION ttfd.feed_state() IS
  'Where the feed stands. Returns head (the last position), epoch (a consumer that knew another one starts afresh: the database was restored), pending (events that wait).';

REVOKE ALL ON FUNCTION ttfd.feed_state() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.feed_state()
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;
