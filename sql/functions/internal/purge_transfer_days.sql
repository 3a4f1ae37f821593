CREATE OR REPLACE FUNCTION ttfd.purge_transfer_days(p_limit integer)
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    DELETE FROM ttfd.transfer_days
     WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM ttfd.transfer_days d
                              WHERE d.day < (ttfd.kept_since('keep_transfer_counts_days') AT TIME ZONE 'UTC')::date
                              LIMIT p_limit FOR UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_transfer_days(integer) IS
  'Removes the counts of coins sent on days that are over. Returns how many.';
