-- STRICT, so that a misspelt name fails instead of counting as nothing.
CREATE OR REPLACE FUNCTION ttfd.read_setting(p_name text)
RETURNS numeric
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_value numeric;
BEGIN
  SELECT s.value::numeric INTO STRICT v_value FROM ttfd.settings s WHERE s.name = p_name;
  RETURN v_value;
END;
$$;

COMMENT ON FUNCTION ttfd.read_setting(text) IS 'The number that a setting has.';
