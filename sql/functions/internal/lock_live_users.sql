-- For what changes two users, or a user and its signposts: all are locked in ascending id, or none. When somebody was
-- merged while we waited, all locks are let go again (a block with an exception handler does it), because what has to be
-- locked now may come before what is locked already.
CREATE OR REPLACE FUNCTION ttfd.lock_live_users(p_user_ids bigint[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_locked bigint[];
BEGIN
  LOOP
    BEGIN
      v_locked := ARRAY(
        SELECT u.id
          FROM ttfd.unified_users u
         WHERE u.id = ANY (p_user_ids) OR u.merged_into = ANY (p_user_ids)
         ORDER BY u.id
           FOR NO KEY UPDATE);
      IF NOT EXISTS (SELECT 1 FROM ttfd.unified_users u
                      WHERE u.id = ANY (p_user_ids) AND u.merged_into IS NOT NULL
                         OR u.merged_into = ANY (p_user_ids) AND u.id <> ALL (v_locked)) THEN
        RETURN true;
      END IF;
      RAISE EXCEPTION 'merged meanwhile';
    EXCEPTION
      WHEN raise_exception THEN NULL;
    END;
    IF EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = ANY (p_user_ids) AND u.merged_into IS NOT NULL) THEN
      RETURN false;
    END IF;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_live_users(bigint[]) IS
  'Locks users and those who were merged into them. Returns false, and locks nobody, when one of them was merged itself.';
