-- Two names are the same when they differ in nothing that trim_name takes away.
-- The last three placeholders are the Russian words for unknown (twice) and anonymous; migrations are plain ASCII, because
-- yoyo reads them in the encoding of the machine. Said twice, so that PostgreSQL can put it in the place of each call.
CREATE OR REPLACE FUNCTION ttfd.fold_name(p_name text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN ttfd.trim_name(p_name) <> ALL (ARRAY[
                '', 'unknown', 'none', 'null', 'undefined', 'anonymous', 'deleted user', 'deleted account',
                E'\u043d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u043e',
                E'\u043d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u044b\u0439',
                E'\u0430\u043d\u043e\u043d\u0438\u043c'])
              THEN ttfd.trim_name(p_name) END;
$$;

COMMENT ON FUNCTION ttfd.fold_name(text) IS 'A username as it is compared (NFKC, lower case, no @); NULL for a placeholder.';
