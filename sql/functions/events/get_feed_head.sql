-- feed_state counts the queue as well, which is too much for every batch of every consumer.
CREATE OR REPLACE FUNCTION ttfd.get_feed_head()
RETURNS TABLE (head bigint, epoch uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT h.position, h.epoch FROM feed_head h;
$$;

COMMENT ON FUNCTION ttfd.get_feed_head() IS
  'Where the feed stands. Returns head (the last position), epoch. A consumer asks after it has read, before it delivers: what was read in another epoch is not for it.';

REVOKE ALL ON FUNCTION ttfd.get_feed_head() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_feed_head()
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;
