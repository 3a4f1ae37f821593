-- One processor at a time: the row lock on feed_head is what makes feed positions gapless and in commit order. A second
-- worker does not queue up behind it.
CREATE OR REPLACE FUNCTION ttfd.process_events(p_limit integer DEFAULT 1000)
RETURNS TABLE (processed integer, failed integer, remaining boolean, head bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_seqs bigint[];
BEGIN
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 100000 THEN
    RAISE EXCEPTION 'p_limit has to be from 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  processed := 0;
  failed := 0;
  SELECT h.position INTO head FROM feed_head h FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    v_seqs := ARRAY(SELECT e.seq FROM cross_platform_events_pending e ORDER BY e.seq LIMIT p_limit);
    IF cardinality(v_seqs) > 0 THEN
      SELECT b.processed, b.failed INTO processed, failed FROM process_batch(v_seqs) b;
    END IF;
    IF processed > 0 THEN
      PERFORM pg_notify('ttfd_feed', '');
    END IF;
  END IF;
  SELECT h.position INTO head FROM feed_head h;
  remaining := (SELECT e.seq FROM cross_platform_events_pending e ORDER BY e.seq LIMIT 1) IS NOT NULL;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.process_events(integer) IS
  'Applies up to p_limit (1 to 100,000) of the oldest pending events: grants, balances, ranks, log and feed positions, in one transaction. Events that cannot be applied go to failed_events. Returns processed, failed (0 and 0 also when another worker is at it), remaining (whether more are waiting), head (the last feed position). Notifies ttfd_feed.';

REVOKE ALL ON FUNCTION ttfd.process_events(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.process_events(integer) TO ttfd_worker, ttfd_admin;
