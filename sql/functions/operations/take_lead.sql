-- The lock is the session's: it is free the moment a worker's connection is gone, however it went. Whoever has it may still be
-- stuck behind a network that swallows its packets, so that the others help out where events have waited for long. That is
-- always safe: process_events takes one caller at a time.
CREATE OR REPLACE FUNCTION ttfd.take_lead()
RETURNS TABLE (leads boolean, helps boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  leads := pg_try_advisory_lock(hashtextextended('ttfd worker', 0));
  helps := NOT leads AND EXISTS (SELECT 1 FROM cross_platform_events_pending e
                                  WHERE e.created_at < clock_timestamp() - INTERVAL '5 seconds');
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.take_lead() IS
  'Makes the caller the one worker that works, for as long as its session lives; call it again only while it is not. Needs a direct connection. Returns leads, helps (whether a worker that does not lead should work all the same, because events have waited for 5 seconds).';

REVOKE ALL ON FUNCTION ttfd.take_lead() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.take_lead() TO ttfd_worker, ttfd_admin;
