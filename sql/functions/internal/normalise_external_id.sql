CREATE OR REPLACE FUNCTION ttfd.normalise_external_id(p_platform text, p_external_id text)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_platform ttfd.platforms;
  v_external_id text;
BEGIN
  SELECT * INTO v_platform FROM ttfd.platforms WHERE name = p_platform;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no platform named "%"', p_platform
      USING ERRCODE = 'TU002', HINT = 'Known platforms are the rows of ttfd.platforms.';
  END IF;
  v_external_id := CASE WHEN v_platform.folds_case THEN lower(p_external_id) ELSE p_external_id END;
  IF v_external_id IS NULL OR v_external_id !~ v_platform.id_pattern THEN
    RAISE EXCEPTION 'external id "%" has the wrong form for platform "%"', left(p_external_id, 60), p_platform
      USING ERRCODE = 'TU002', HINT = format('It has to match %s.', v_platform.id_pattern);
  END IF;
  RETURN v_external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.normalise_external_id(text, text) IS
  'An external id as it is stored. Raises TU002 when the platform is unknown or the id has the wrong form.';
