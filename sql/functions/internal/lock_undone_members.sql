CREATE OR REPLACE FUNCTION ttfd.lock_undone_members(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM 1
    FROM ttfd.unified_users u
   WHERE u.id IN (SELECT t.user_id FROM ttfd.list_undone_members(p_run_id) t)
   ORDER BY u.id
     FOR NO KEY UPDATE;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_undone_members(bigint) IS 'Locks the members whom a run has touched, in ascending id.';
