-- Two names are the same when they differ in nothing that people see as a difference: width, case, a leading @.
CREATE OR REPLACE FUNCTION ttfd.fold_name(p_name text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN f.name <> ALL (ARRAY['', 'unknown', 'none', 'null', 'undefined', 'anonymous', 'deleted user',
                                        'deleted account', 'неизвестно', 'неизвестный', 'аноним'])
              THEN f.name END
    FROM (SELECT pg_catalog.lower(pg_catalog.ltrim(pg_catalog.btrim(normalize(p_name, NFKC)), '@')) OFFSET 0) f (name);
$$;

COMMENT ON FUNCTION ttfd.fold_name(text) IS 'A username as it is compared (NFKC, lower case, no @); NULL for a placeholder.';
