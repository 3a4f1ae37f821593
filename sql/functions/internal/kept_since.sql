CREATE OR REPLACE FUNCTION ttfd.kept_since(p_setting text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN ttfd.current_time() - make_interval(days => ttfd.read_setting(p_setting)::integer);
END;
$$;

COMMENT ON FUNCTION ttfd.kept_since(text) IS 'The moment before which something need not be kept, by a setting in days.';
