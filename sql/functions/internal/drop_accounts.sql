CREATE OR REPLACE FUNCTION ttfd.drop_accounts(p_listed jsonb, p_accounts ttfd.platform_accounts[])
RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
  SELECT coalesce(jsonb_agg(e.entry ORDER BY e.place), '[]')
    FROM jsonb_array_elements(p_listed) WITH ORDINALITY e (entry, place)
   WHERE NOT EXISTS (SELECT 1
                       FROM unnest(p_accounts) a
                      WHERE a.platform = e.entry ->> 'platform' AND a.external_id = e.entry ->> 'external_id');
$$;

COMMENT ON FUNCTION ttfd.drop_accounts(jsonb, ttfd.platform_accounts[]) IS
  'A JSON array of objects with platform and external_id without those of the given accounts.';
