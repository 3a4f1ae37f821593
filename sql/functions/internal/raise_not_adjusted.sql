CREATE OR REPLACE FUNCTION ttfd.raise_not_adjusted(p_event_id uuid)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'no adjustment % that could be reverted', coalesce(p_event_id::text, 'NULL')
    USING ERRCODE = 'no_data_found', HINT = 'The table adjustments lists them, and what has reverted them.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_not_adjusted(uuid) IS
  'Refuses the id of an event that is no adjustment, or a reverted one. Raises P0002.';
