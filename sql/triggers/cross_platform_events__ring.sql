-- The doorbell of the worker. A NOTIFY takes a lock that all commits share, so it rings only when it has to: not while a
-- worker has promised to look again soon (silence_doorbell), nor when somebody else is waiting, who has rung already.
-- The look at the queue is at the sender's own lane and starts behind the last batch, because the index is full of dead rows
-- before it; whoever is overlooked costs one more ring. Two writers may miss each other's commit, or the end of the silence:
-- the worker's poll covers that.
CREATE OR REPLACE FUNCTION ttfd.cross_platform_events__ring()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF clock_timestamp() < (SELECT d.silent_until FROM doorbell d) THEN
    RETURN NULL;
  END IF;
  IF NOT EXISTS (SELECT 1
               FROM (SELECT pg_catalog.hashtext(a.source_platform) & 7 AS lane, min(a.seq) AS seq FROM added a GROUP BY 1) n
              CROSS JOIN feed_head h
              CROSS JOIN LATERAL (
                      SELECT e.seq
                        FROM cross_platform_events_pending e
                       WHERE pg_catalog.hashtext(e.source_platform) & 7 = n.lane AND e.seq > h.last_seq
                       ORDER BY e.seq
                       LIMIT 1) o
              WHERE o.seq < n.seq) THEN
    PERFORM pg_notify('ttfd_events', '');
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.cross_platform_events__ring() IS
  'Notifies ttfd_events when the queue was empty and no worker has promised to look.';

-- A trigger per statement fires for the table that the statement names, whichever of the two it is.
CREATE OR REPLACE TRIGGER ring AFTER INSERT ON ttfd.cross_platform_events
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.cross_platform_events__ring();

CREATE OR REPLACE TRIGGER ring AFTER INSERT ON ttfd.cross_platform_events_pending
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.cross_platform_events__ring();
