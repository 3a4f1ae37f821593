CREATE OR REPLACE FUNCTION ttfd.check_reason(p_reason text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF coalesce(btrim(p_reason), '') = '' THEN
    RAISE EXCEPTION 'a reason is required' USING ERRCODE = 'invalid_parameter_value', HINT = 'Whoever asks later wants to know.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.check_reason(text) IS 'Refuses an empty reason. Raises 22023.';
