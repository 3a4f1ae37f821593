-- Plain ASCII is in normal form already, and most names are.
CREATE OR REPLACE FUNCTION ttfd.trim_name(p_name text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.lower(pg_catalog.ltrim(pg_catalog.btrim(
           CASE WHEN pg_catalog.octet_length(p_name) = pg_catalog.length(p_name) THEN p_name ELSE normalize(p_name, NFKC) END), '@'));
$$;

COMMENT ON FUNCTION ttfd.trim_name(text) IS 'A username without what people do not see as a difference: width, case, a leading @.';
