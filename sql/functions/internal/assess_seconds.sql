-- A million years is no session; the bound keeps the cast to bigint safe.
CREATE OR REPLACE FUNCTION ttfd.assess_seconds(p_seconds jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN pg_catalog.jsonb_typeof(p_seconds) <> 'number' THEN '22023'
           WHEN p_seconds::numeric NOT BETWEEN 0 AND 31557600000000 THEN '22003'
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_seconds(jsonb) IS
  'Why a number of seconds is refused (an SQLSTATE), or NULL when it is fine.';
