-- What waits is applied first, so that nothing personal is left in the queue and the limits count all of it.
CREATE OR REPLACE FUNCTION ttfd.forget_events(p_user_ids bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_rows tid[] := ARRAY(SELECT e.ctid FROM ttfd.cross_platform_events_pending e WHERE e.user_id = ANY (p_user_ids));
BEGIN
  IF v_rows <> '{}' THEN
    PERFORM ttfd.process_batch(v_rows);
    PERFORM pg_notify('ttfd_feed', '');
  END IF;
  UPDATE ttfd.cross_platform_events_processed e
     SET data = ttfd.strip_data(e.data)
   WHERE e.user_id = ANY (p_user_ids) AND e.data <> ttfd.strip_data(e.data);
  UPDATE ttfd.failed_events f
     SET data = ttfd.strip_data(f.data), message = ttfd.describe_event_error(f.sqlstate),
         discard_reason = CASE WHEN f.discarded_at IS NOT NULL THEN 'forgotten' END
   WHERE f.user_id = ANY (p_user_ids);
END;
$$;

COMMENT ON FUNCTION ttfd.forget_events(bigint[]) IS
  'Applies the pending events of members and keeps only amounts in the data of all. Expects feed_head and the members to be locked.';
