-- Events count for seasons with or without a worker: whoever comes first after the end of one starts the next. Members are
-- locked before this is called, because two who start the same season wait for each other.
CREATE OR REPLACE FUNCTION ttfd.find_season(p_at timestamptz)
RETURNS ttfd.seasons
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_season ttfd.seasons := (SELECT s FROM ttfd.seasons s WHERE s.starts_at <= p_at AND s.ends_at > p_at AND s.closed_at IS NULL);
BEGIN
  IF v_season.id IS NULL AND EXISTS (SELECT 1 FROM ttfd.seasons) THEN
    PERFORM ttfd.turn_seasons(p_at);
    -- Somebody else may have started it since we looked.
    v_season := (SELECT s FROM ttfd.seasons s WHERE s.starts_at <= p_at AND s.ends_at > p_at AND s.closed_at IS NULL);
  END IF;
  RETURN v_season;
END;
$$;

COMMENT ON FUNCTION ttfd.find_season(timestamptz) IS 'The season of a time, started if it is due; all NULL when there is none.';
