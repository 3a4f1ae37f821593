-- One processor at a time: the row lock on feed_head is what makes feed positions gapless and in commit order. A second
-- worker does not queue up behind it. Lanes take turns, so that a flood on one platform does not hold up the others.
-- While there is a backlog the standings wait, because a member who has moved ten times is settled once.
-- The lanes' index is read in its order and no further than the batch: a bitmap would read the whole backlog each time.
-- No JIT, because the penalty on sequential scans would make every small plan look expensive enough to be compiled.
CREATE OR REPLACE FUNCTION ttfd.process_events(p_limit integer DEFAULT 1000)
RETURNS TABLE (processed integer, failed integer, remaining boolean, head bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
DECLARE
  v_head feed_head;
  v_rows tid[];
  v_taken_seq bigint := (SELECT last_value - 1 FROM event_seq);
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    v_taken_seq := NULL;  -- Read too late to say anything: see advance_floor.
  END IF;
  PERFORM require_read_committed();
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 100000 THEN
    RAISE EXCEPTION 'p_limit has to be from 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  processed := 0;
  failed := 0;
  SELECT * INTO v_head FROM feed_head FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    v_rows := ARRAY(
      SELECT t.place
        FROM generate_series(0, 7) l (lane)
       CROSS JOIN LATERAL (
               SELECT array_agg(e.ctid) AS places, array_agg(e.seq) AS seqs
                 FROM (SELECT p.ctid, p.seq
                         FROM cross_platform_events_pending p
                        WHERE pg_catalog.hashtext(p.source_platform) & 7 = l.lane AND p.seq > v_head.floor_seq
                        ORDER BY p.seq
                        LIMIT p_limit) e) q
       CROSS JOIN LATERAL unnest(q.places, q.seqs) WITH ORDINALITY t (place, seq, turn)
       ORDER BY t.turn, t.seq
       LIMIT p_limit);
    IF cardinality(v_rows) > 0 THEN
      SELECT b.processed, b.failed INTO processed, failed FROM process_batch(v_rows) b;
    END IF;
    IF processed > 0 THEN
      PERFORM pg_notify('ttfd_feed', '');
    END IF;
    PERFORM settle_moves();
    remaining := advance_floor(v_head, v_taken_seq);
    IF NOT remaining OR v_head.position + processed >= v_head.settled_to + 20000 THEN
      PERFORM settle_standings(v_head.settled_to, NOT remaining);
    END IF;
    IF NOT remaining THEN
      PERFORM clear_past_board();
    END IF;
  ELSE
    remaining := oldest_pending(0) IS NOT NULL;
  END IF;
  SELECT h.position INTO head FROM feed_head h;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.process_events(integer) IS
  'Applies up to p_limit (1 to 100,000) pending events, the oldest of each platform in turn: grants, balances, ranks, log and feed positions, in one transaction. Events that cannot be applied go to failed_events. Returns processed, failed (0 and 0 also when another worker is at it), remaining (whether more are waiting), head (the last feed position). Notifies ttfd_feed. Raises 22023 for a limit out of range. Needs READ COMMITTED (0A000).';

REVOKE ALL ON FUNCTION ttfd.process_events(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.process_events(integer) TO ttfd_worker, ttfd_admin;
