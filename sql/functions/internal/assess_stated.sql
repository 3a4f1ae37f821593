CREATE OR REPLACE FUNCTION ttfd.assess_stated(p_amount jsonb, p_max bigint, p_allows_negative boolean)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN pg_catalog.jsonb_typeof(p_amount) <> 'number' THEN '22023'
           WHEN p_max IS NULL THEN 'TE003'
           WHEN p_amount::numeric <> pg_catalog.trunc(p_amount::numeric) THEN '22023'
           WHEN pg_catalog.abs(p_amount::numeric) > p_max THEN 'TE003'
           WHEN p_amount::numeric < 0 AND NOT p_allows_negative THEN 'TE003'
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_stated(jsonb, bigint, boolean) IS
  'Why an amount that the caller states is refused (an SQLSTATE), or NULL when it is fine.';
