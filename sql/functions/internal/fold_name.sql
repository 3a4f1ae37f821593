-- Two names are the same when they differ in nothing that people see as a difference: width, case, a leading @.
-- The last three placeholders are the Russian words for unknown (twice) and anonymous; migrations are plain ASCII, because
-- yoyo reads them in the encoding of the machine. Plain ASCII is in normal form already, and most names are.
CREATE OR REPLACE FUNCTION ttfd.fold_name(p_name text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
  v_name text := p_name;
BEGIN
  IF octet_length(v_name) <> length(v_name) THEN
    v_name := normalize(v_name, NFKC);
  END IF;
  v_name := lower(ltrim(btrim(v_name), '@'));
  IF v_name = ANY (ARRAY['', 'unknown', 'none', 'null', 'undefined', 'anonymous', 'deleted user', 'deleted account',
                         E'\u043d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u043e',
                         E'\u043d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u044b\u0439',
                         E'\u0430\u043d\u043e\u043d\u0438\u043c']) THEN
    RETURN NULL;
  END IF;
  RETURN v_name;
END;
$$;

COMMENT ON FUNCTION ttfd.fold_name(text) IS 'A username as it is compared (NFKC, lower case, no @); NULL for a placeholder.';
