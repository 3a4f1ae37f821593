CREATE OR REPLACE FUNCTION ttfd.draw_setting(p_name text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_from bigint;
  v_to bigint;
BEGIN
  SELECT (s.value ->> 0)::bigint, (s.value ->> 1)::bigint INTO STRICT v_from, v_to
    FROM ttfd.settings s
   WHERE s.name = p_name;
  RETURN v_from + floor(random() * (v_to - v_from + 1))::bigint;
END;
$$;

COMMENT ON FUNCTION ttfd.draw_setting(text) IS 'A random whole number from the range that a setting has, both ends included.';
