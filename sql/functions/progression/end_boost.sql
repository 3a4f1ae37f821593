-- One that has begun keeps its past: events that come late are still multiplied by it.
CREATE OR REPLACE FUNCTION ttfd.end_boost(p_boost_id bigint)
RETURNS TABLE (boost_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  DELETE FROM boosts b WHERE b.id = p_boost_id AND b.user_id IS NULL AND b.starts_at >= v_now RETURNING b.id INTO boost_id;
  IF boost_id IS NULL THEN
    UPDATE boosts b SET ends_at = v_now WHERE b.id = p_boost_id AND b.user_id IS NULL AND b.ends_at > v_now
    RETURNING b.id INTO boost_id;
  END IF;
  IF boost_id IS NULL THEN
    RAISE EXCEPTION 'no boost % that is still to end', coalesce(p_boost_id::text, 'NULL')
      USING ERRCODE = 'no_data_found', HINT = 'list_boosts lists them.';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.end_boost(bigint) IS
  'Ends a boost of the whole community now, or cancels one that has not begun. Returns boost_id. Raises P0002 when there is none, or it has ended. Audited.';

REVOKE ALL ON FUNCTION ttfd.end_boost(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.end_boost(bigint) TO ttfd_admin;
