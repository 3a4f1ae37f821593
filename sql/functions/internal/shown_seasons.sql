-- Those that are not closed; one that is planned from the day before, because clocks differ and transactions take their time.
CREATE OR REPLACE FUNCTION ttfd.shown_seasons()
RETURNS integer[]
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN ARRAY(SELECT s.id
                 FROM ttfd.seasons s
                WHERE s.closed_at IS NULL AND s.starts_at < ttfd.current_time() + INTERVAL '1 day'
                ORDER BY s.id);
END;
$$;

COMMENT ON FUNCTION ttfd.shown_seasons() IS 'The seasons whose boards process_events keeps up to date.';
