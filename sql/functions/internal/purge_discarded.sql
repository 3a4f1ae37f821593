-- The id has to stay known, or a late resend would bring the event back.
CREATE OR REPLACE FUNCTION ttfd.purge_discarded(p_limit integer)
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    DELETE FROM ttfd.failed_events
     WHERE id = ANY (ARRAY(SELECT f.id FROM ttfd.failed_events f
                            WHERE f.discarded_at < ttfd.kept_since('keep_discarded_days')
                            LIMIT p_limit FOR UPDATE SKIP LOCKED))
    RETURNING id
  ), kept AS (
    INSERT INTO ttfd.compacted_events (id) SELECT g.id FROM gone g
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_discarded(integer) IS 'Removes discarded events but for their ids. Returns how many.';
