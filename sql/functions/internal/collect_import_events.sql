-- The amounts of legacy events are in the balances already. Their ids are kept, as those of compacted events are, so that
-- one that a bot sends again counts once.
CREATE OR REPLACE FUNCTION ttfd.collect_import_events(p_run_id bigint, p_after bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
BEGIN
  UPDATE ttfd.import_rows r
     SET reject_reason = 'the event id has the wrong form: ' || left(coalesce(r.record ->> 'event_id', 'null'), 60)
   WHERE r.run_id = p_run_id AND r.id > p_after AND r.reject_reason IS NULL AND r.record ? 'event_id'
     AND coalesce(r.record ->> 'event_id', '') !~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$';

  INSERT INTO ttfd.compacted_events (id)
  SELECT (r.record ->> 'event_id')::uuid
    FROM ttfd.import_rows r
   WHERE r.run_id = p_run_id AND r.id > p_after AND r.reject_reason IS NULL AND r.record ? 'event_id'
  ON CONFLICT (id) DO NOTHING;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_events(bigint, bigint) IS 'Remembers the ids of the legacy events of a run.';
