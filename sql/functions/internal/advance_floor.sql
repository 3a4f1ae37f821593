-- The index of the queue is full of rows that are dead but not yet vacuumed, millions of them in a rush; so a batch starts
-- looking above a floor. Below what has been handed out, a number may still turn up as long as a transaction runs that may
-- have taken it. Such a transaction has an id, older than ours (the default of seq sees to that): once all ids before ours have
-- ended, nothing new can appear up to the number that was the last one before we had an id. A dump brings along an id of the
-- cluster that it was made in; in a younger one that is an id of the future, and ours takes its place.
CREATE OR REPLACE FUNCTION ttfd.advance_floor(p_head ttfd.feed_head, p_taken_seq bigint)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_is_settled boolean := p_head.next_floor_xid <= pg_snapshot_xmin(pg_current_snapshot());
  -- A statement of its own, so that it sees whatever had ended for the line above.
  v_oldest_seq bigint := ttfd.oldest_pending(p_head.floor_seq);
BEGIN
  UPDATE ttfd.feed_head h
     SET last_seq = coalesce(v_oldest_seq - 1, p_taken_seq, h.last_seq),
         floor_seq = CASE WHEN v_is_settled THEN greatest(h.floor_seq, least(h.next_floor_seq, v_oldest_seq - 1))
                          ELSE h.floor_seq END,
         next_floor_seq = CASE WHEN v_is_settled THEN coalesce(p_taken_seq, h.next_floor_seq) ELSE h.next_floor_seq END,
         next_floor_xid = CASE WHEN v_is_settled AND p_taken_seq IS NOT NULL THEN pg_current_xact_id()
                               ELSE least(h.next_floor_xid, pg_current_xact_id()) END
   WHERE h.last_seq <> coalesce(v_oldest_seq - 1, p_taken_seq, h.last_seq)
      OR h.next_floor_seq <> p_taken_seq
      OR h.floor_seq < least(h.next_floor_seq, v_oldest_seq - 1);
  RETURN v_oldest_seq IS NOT NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.advance_floor(ttfd.feed_head, bigint) IS
  'Raises the floor of the queue as far as is safe. p_taken_seq is the last number that was handed out before the transaction had an id, NULL when that is not known. Returns whether anything is pending.';
