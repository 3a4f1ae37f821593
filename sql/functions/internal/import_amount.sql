CREATE OR REPLACE FUNCTION ttfd.import_amount(p_value text)
RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
  SELECT coalesce(pg_catalog.floor(p_value::numeric)::bigint, 0);
$$;

COMMENT ON FUNCTION ttfd.import_amount(text) IS 'A legacy amount that assess_import_amount lets through, rounded down; 0 where it is missing.';
