-- A user who is merged while we wait for the lock hands over to the survivor. The lock on the one who was merged is let
-- go before that (a block with an exception handler does it), because the survivor may have the lower id, and users are
-- locked in ascending order. Such a block costs something, so it is for those who have to wait.
CREATE OR REPLACE FUNCTION ttfd.lock_user(p_user_id bigint)
RETURNS ttfd.unified_users
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user ttfd.unified_users;
  v_user_id bigint := p_user_id;
BEGIN
  LOOP
    SELECT * INTO v_user
      FROM ttfd.unified_users
     WHERE id = v_user_id AND forgotten_at IS NULL
       AND coalesce(merged_into, id) = id  -- Not IS NULL: a planner without statistics would take another index.
       FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
      RETURN v_user;
    END IF;
    v_user_id := (ttfd.find_survivor(v_user_id)).id;
    BEGIN
      SELECT * INTO v_user FROM ttfd.unified_users WHERE id = v_user_id FOR NO KEY UPDATE;
      IF v_user.merged_into IS NULL AND v_user.forgotten_at IS NULL THEN
        RETURN v_user;
      END IF;
      RAISE EXCEPTION 'merged or forgotten meanwhile';
    EXCEPTION
      WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_user(bigint) IS
  'Locks a user, or the one it was merged into, and returns the row. Raises TU001, also for one who is forgotten.';
