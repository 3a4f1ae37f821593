-- Seasons follow the last one without a gap, however long nobody looked. The first is started by tend_seasons or a person.
CREATE OR REPLACE FUNCTION ttfd.turn_seasons(p_at timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_length interval := (SELECT s.length FROM ttfd.season_settings s WHERE s.is_automatic);
  v_last timestamptz := (SELECT max(s.ends_at) FROM ttfd.seasons s);
BEGIN
  IF v_length IS NULL OR v_last IS NULL OR v_last > p_at THEN
    RETURN;
  END IF;
  INSERT INTO ttfd.seasons (name, starts_at, ends_at)
  SELECT 'Season ' || (SELECT count(*) FROM ttfd.seasons) + row_number() OVER (ORDER BY n.starts_at),
         n.starts_at, lead(n.starts_at, 1, n.starts_at + v_length) OVER (ORDER BY n.starts_at)
    FROM generate_series(v_last, p_at, v_length) n (starts_at)
  ON CONFLICT DO NOTHING;
END;
$$;

COMMENT ON FUNCTION ttfd.turn_seasons(timestamptz) IS
  'Starts the seasons that follow the last one, up to a time.';
