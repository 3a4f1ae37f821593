CREATE OR REPLACE FUNCTION ttfd.list_failed_events(p_limit integer DEFAULT 100)
RETURNS TABLE (
  event_id uuid, user_id bigint, event_type text, source_platform text, data jsonb, sqlstate text, message text,
  occurred_at timestamptz, failed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT f.id, f.user_id, f.event_type, f.source_platform, f.data, f.sqlstate, f.message, f.occurred_at, f.failed_at
    FROM failed_events f
   WHERE f.discarded_at IS NULL
   ORDER BY f.failed_at, f.seq
   LIMIT greatest(p_limit, 0);
$$;

COMMENT ON FUNCTION ttfd.list_failed_events(integer) IS
  'Events that could not be applied and were not discarded, oldest first. Returns event_id, user_id, event_type, source_platform, data, sqlstate, message, occurred_at, failed_at.';

REVOKE ALL ON FUNCTION ttfd.list_failed_events(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_failed_events(integer) TO ttfd_worker, ttfd_admin;
