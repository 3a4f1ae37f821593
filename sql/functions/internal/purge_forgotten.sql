CREATE OR REPLACE FUNCTION ttfd.purge_forgotten()
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    DELETE FROM ttfd.forgotten_accounts WHERE expires_at <= ttfd.current_time() RETURNING 1
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_forgotten() IS
  'Removes what was remembered of forgotten accounts and has expired. Returns how many accounts that were.';
