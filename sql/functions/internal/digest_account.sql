CREATE OR REPLACE FUNCTION ttfd.digest_account(p_key bytea, p_platform text, p_external_id text)
RETURNS bytea
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.sha256(p_key || pg_catalog.convert_to(p_platform || ' ' || p_external_id, 'UTF8'));
$$;

COMMENT ON FUNCTION ttfd.digest_account(bytea, text, text) IS
  'By what a forgotten account is known again, given the key of forgetting_key.';
