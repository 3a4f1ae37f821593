CREATE OR REPLACE FUNCTION ttfd.fold_external_id(p_platform ttfd.platforms, p_external_id text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_platform.folds_case THEN pg_catalog.lower(pg_catalog.btrim(p_external_id))
              ELSE pg_catalog.btrim(p_external_id) END;
$$;

COMMENT ON FUNCTION ttfd.fold_external_id(ttfd.platforms, text) IS 'A legacy external id as it would be stored.';
