-- Somebody may be merged while we wait for the locks: then the survivor is locked too.
CREATE OR REPLACE FUNCTION ttfd.lock_users(p_user_ids bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_ids bigint[];
BEGIN
  LOOP
    v_user_ids := ARRAY(SELECT coalesce(u.merged_into, u.id) FROM ttfd.unified_users u WHERE u.id = ANY (p_user_ids));
    PERFORM 1 FROM ttfd.unified_users u WHERE u.id = ANY (v_user_ids) ORDER BY u.id FOR NO KEY UPDATE;
    EXIT WHEN NOT EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = ANY (v_user_ids) AND u.merged_into IS NOT NULL);
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_users(bigint[]) IS
  'Locks several users, or those they were merged into, in ascending id. Unknown ones are left to lock_user.';
