-- For readers: find_season starts a season that is due, and so may write.
CREATE OR REPLACE FUNCTION ttfd.running_season()
RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  RETURN (SELECT s.id FROM ttfd.seasons s WHERE s.starts_at <= v_now AND s.ends_at > v_now AND s.closed_at IS NULL);
END;
$$;

COMMENT ON FUNCTION ttfd.running_season() IS 'The season of this moment; NULL when there is none.';
