-- The digest leads from an account to its limits, not to the member whose sums stay: the ledger is nobody's from now on.
CREATE OR REPLACE FUNCTION ttfd.keep_tombstones(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.forgotten_accounts AS f (account_digest, limits, forgotten_at, expires_at)
  SELECT ttfd.digest_account(k.key, a.platform, a.external_id), ttfd.collect_limits(p_user_ids),
         ttfd.current_time(), ttfd.current_time() + INTERVAL '90 days'
    FROM unnest(p_accounts) a
   CROSS JOIN ttfd.forgetting_key k
  ON CONFLICT (account_digest)
    DO UPDATE SET limits = EXCLUDED.limits, forgotten_at = EXCLUDED.forgotten_at, expires_at = EXCLUDED.expires_at;
END;
$$;

COMMENT ON FUNCTION ttfd.keep_tombstones(bigint[], ttfd.platform_accounts[]) IS
  'Remembers for 90 days what the accounts must not get twice.';
