-- The doorbell of the worker. It rings only when nothing else was waiting: a NOTIFY takes a lock that all commits share,
-- and a queue with somebody in it has rung already. The look starts behind the last batch, because the index is full of
-- dead rows before it; whoever is overlooked there costs one more ring. Two writers may miss each other's commit: the
-- worker's poll covers that.
CREATE OR REPLACE FUNCTION ttfd.cross_platform_events__ring()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF (SELECT e.seq
        FROM cross_platform_events_pending e
       WHERE e.seq > (SELECT h.last_seq FROM feed_head h)
       ORDER BY e.seq
       LIMIT 1) < (SELECT min(a.seq) FROM added a) THEN
    RETURN NULL;
  END IF;
  PERFORM pg_notify('ttfd_events', '');
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.cross_platform_events__ring() IS 'Notifies ttfd_events when the queue was empty.';

CREATE OR REPLACE TRIGGER ring AFTER INSERT ON ttfd.cross_platform_events
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.cross_platform_events__ring();
