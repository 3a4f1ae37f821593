CREATE OR REPLACE FUNCTION ttfd.raise_not_failed(p_event_id uuid)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'no failed event %', coalesce(p_event_id::text, 'NULL')
    USING ERRCODE = 'no_data_found', HINT = 'list_failed_events lists them.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_not_failed(uuid) IS 'Refuses the id of an event that has not failed. Raises P0002.';
