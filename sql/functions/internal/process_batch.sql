-- A row that makes the whole batch fail is found by halving, so that the good ones are not held up. Only errors that the
-- data cause do that: after a deadlock, a timeout or a full disk the same batch may well succeed.
CREATE OR REPLACE FUNCTION ttfd.process_batch(p_seqs bigint[])
RETURNS TABLE (processed integer, failed integer)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_half integer := cardinality(p_seqs) / 2;
BEGIN
  BEGIN
    RETURN QUERY SELECT b.processed, b.failed FROM ttfd.apply_batch(p_seqs) b;
    RETURN;
  EXCEPTION
    WHEN OTHERS THEN
      IF left(SQLSTATE, 2) NOT IN ('22', '23') AND left(SQLSTATE, 1) <> 'T' THEN
        RAISE;
      END IF;
      IF v_half = 0 THEN
        PERFORM ttfd.fail_event(p_seqs[1], SQLSTATE, SQLERRM);
        RETURN QUERY SELECT 0, 1;
        RETURN;
      END IF;
  END;
  RETURN QUERY
  SELECT sum(h.processed)::integer, sum(h.failed)::integer
    FROM (VALUES (p_seqs[:v_half]), (p_seqs[v_half + 1:])) v (seqs)
   CROSS JOIN LATERAL ttfd.process_batch(v.seqs) h;
END;
$$;

COMMENT ON FUNCTION ttfd.process_batch(bigint[]) IS
  'Applies the pending events with the given seq; those that cannot be applied go to failed_events. Returns processed, failed.';
