-- Whoever is merged at this very moment is followed by lock_user, out of order: PostgreSQL sorts out a deadlock that rare.
CREATE OR REPLACE FUNCTION ttfd.lock_users(p_user_ids bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM 1
     FROM ttfd.unified_users u
    WHERE u.id IN (SELECT coalesce(m.merged_into, m.id) FROM ttfd.unified_users m WHERE m.id = ANY (p_user_ids))
    ORDER BY u.id
      FOR NO KEY UPDATE;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_users(bigint[]) IS
  'Locks several users, or those they were merged into, in ascending id. Unknown ones are left to lock_user.';
