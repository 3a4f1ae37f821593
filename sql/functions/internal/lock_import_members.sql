CREATE OR REPLACE FUNCTION ttfd.lock_import_members(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM 1
    FROM ttfd.unified_users u
   WHERE u.id IN (SELECT i.user_id FROM ttfd.import_identities i WHERE i.run_id = p_run_id AND i.user_id IS NOT NULL)
   ORDER BY u.id
     FOR NO KEY UPDATE;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_import_members(bigint) IS
  'Locks the members of a run who are there already, in ascending id as everywhere.';
