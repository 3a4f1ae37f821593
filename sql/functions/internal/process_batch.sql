-- A row that makes the whole batch fail is found by halving, so that the good ones are not held up. Only errors that the
-- data cause do that: after a deadlock, a timeout or a full disk the same batch may well succeed.
CREATE OR REPLACE FUNCTION ttfd.process_batch(p_rows tid[])
RETURNS TABLE (processed integer, failed integer)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_half integer := cardinality(p_rows) / 2;
  v_looks_first boolean := false;
BEGIN
  LOOP
    BEGIN
      RETURN QUERY SELECT b.processed, b.failed FROM ttfd.apply_batch(p_rows, v_looks_first) b;
      RETURN;
    EXCEPTION
      WHEN serialization_failure THEN
        v_looks_first := true;  -- The locks are let go, and we look again.
      WHEN OTHERS THEN
        IF left(SQLSTATE, 2) NOT IN ('22', '23') AND left(SQLSTATE, 1) <> 'T' THEN
          RAISE;
        END IF;
        IF v_half = 0 THEN
          PERFORM ttfd.fail_event(p_rows[1], SQLSTATE, SQLERRM);
          RETURN QUERY SELECT 0, 1;
          RETURN;
        END IF;
        EXIT;
    END;
  END LOOP;
  RETURN QUERY
  SELECT sum(h.processed)::integer, sum(h.failed)::integer
    FROM (VALUES (p_rows[:v_half]), (p_rows[v_half + 1:])) v (rows)
   CROSS JOIN LATERAL ttfd.process_batch(v.rows) h;
END;
$$;

COMMENT ON FUNCTION ttfd.process_batch(tid[]) IS
  'Applies the pending events at the given places; those that cannot be applied go to failed_events. Returns processed, failed.';
