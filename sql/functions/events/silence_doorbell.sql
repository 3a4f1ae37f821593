-- A busy worker comes back by itself; telling the writers so spares each of them a NOTIFY, which costs half their rate.
CREATE OR REPLACE FUNCTION ttfd.silence_doorbell(p_for interval)
RETURNS TABLE (silent_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF p_for IS NULL OR p_for NOT BETWEEN INTERVAL '0' AND INTERVAL '1 second' THEN
    RAISE EXCEPTION 'the doorbell cannot be silent for %', p_for
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Promise to look again within a second.';
  END IF;
  silent_until := clock_timestamp() + p_for;
  UPDATE doorbell d SET silent_until = silence_doorbell.silent_until;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.silence_doorbell(interval) IS
  'The caller promises to call process_events again in p_for (0 to 1 second): until then ttfd_events is not notified. Returns silent_until. Raises 22023.';

REVOKE ALL ON FUNCTION ttfd.silence_doorbell(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.silence_doorbell(interval) TO ttfd_worker, ttfd_admin;
