-- The index of the queue is full of rows that are dead but not yet vacuumed, and millions of them in a rush; so a batch
-- starts looking above a floor. A number may still turn up below what has been handed out as long as a transaction that may
-- have taken it runs. Its transaction id is older than the number (next_event_seq), so once all ids up to the one noted with
-- a number have ended, nothing new can appear up to that number.
CREATE OR REPLACE FUNCTION ttfd.advance_floor(p_head ttfd.feed_head, p_taken_seq bigint)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_snapshot pg_snapshot := pg_current_snapshot();
  v_floor_seq bigint := p_head.floor_seq;
  v_oldest_seq bigint;
BEGIN
  -- The next statement sees at least what this snapshot sees.
  v_oldest_seq := ttfd.oldest_pending(p_head.floor_seq);
  IF p_head.next_floor_xid <= pg_snapshot_xmin(v_snapshot) THEN
    v_floor_seq := greatest(p_head.floor_seq, least(p_head.next_floor_seq, v_oldest_seq - 1));
  END IF;
  UPDATE ttfd.feed_head h
     SET last_seq = coalesce(v_oldest_seq - 1, p_taken_seq),
         floor_seq = v_floor_seq,
         next_floor_seq = CASE WHEN h.next_floor_xid <= pg_snapshot_xmin(v_snapshot) THEN p_taken_seq ELSE h.next_floor_seq END,
         next_floor_xid = CASE WHEN h.next_floor_xid <= pg_snapshot_xmin(v_snapshot) THEN pg_snapshot_xmax(v_snapshot)
                               ELSE h.next_floor_xid END
   WHERE h.last_seq <> coalesce(v_oldest_seq - 1, p_taken_seq)
      OR h.floor_seq <> v_floor_seq
      OR h.next_floor_seq <> p_taken_seq;
  RETURN v_oldest_seq IS NOT NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.advance_floor(ttfd.feed_head, bigint) IS
  'Raises the floor of the queue as far as is safe. p_taken_seq is the last number that was handed out before the transaction looked at anything. Returns whether anything is pending.';
