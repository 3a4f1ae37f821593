-- For what changes two users, or a user and its signposts: all are locked in ascending id, or none. A user who was merged
-- while we waited is let go again, because going on to its survivor could mean locking downwards.
CREATE OR REPLACE FUNCTION ttfd.lock_live_users(p_user_ids bigint[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM 1
    FROM ttfd.unified_users u
   WHERE u.id = ANY (p_user_ids) OR u.merged_into = ANY (p_user_ids)
   ORDER BY u.id
     FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = ANY (p_user_ids) AND u.merged_into IS NOT NULL) THEN
    RAISE EXCEPTION 'merged meanwhile';
  END IF;
  RETURN true;
EXCEPTION
  WHEN raise_exception THEN
    RETURN false;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_live_users(bigint[]) IS
  'Locks users and those who were merged into them. Returns false, and locks nobody, when one of them was merged itself.';
