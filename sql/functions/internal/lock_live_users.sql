-- For what changes two users, or a user and its signposts: all are locked in ascending id, or none. When somebody was
-- merged while we waited, all locks are let go again (a block with an exception handler does it), because what has to be
-- locked now may come before what is locked already. Users are locked one by one, so that each look sees who was merged
-- while we waited for the one before; signposts without waiting, because who has one locked may be on the way to its survivor.
CREATE OR REPLACE FUNCTION ttfd.lock_live_users(p_user_ids bigint[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_id bigint;
  v_signposts bigint[];
BEGIN
  LOOP
    BEGIN
      FOR v_user_id IN SELECT DISTINCT i.id FROM unnest(p_user_ids) i (id) WHERE i.id IS NOT NULL ORDER BY i.id LOOP
        PERFORM 1 FROM ttfd.unified_users u WHERE u.id = v_user_id AND coalesce(u.merged_into, u.id) = u.id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'merged meanwhile';
        END IF;
      END LOOP;
      v_signposts := ARRAY(
        SELECT u.id FROM ttfd.unified_users u WHERE u.merged_into = ANY (p_user_ids) ORDER BY u.id FOR NO KEY UPDATE SKIP LOCKED);
      IF NOT EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.merged_into = ANY (p_user_ids) AND u.id <> ALL (v_signposts)) THEN
        RETURN true;
      END IF;
      RAISE EXCEPTION 'somebody is on the way to a survivor';
    EXCEPTION
      WHEN raise_exception THEN NULL;
    END;
    IF EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = ANY (p_user_ids) AND u.merged_into IS NOT NULL) THEN
      RETURN false;
    END IF;
    PERFORM pg_sleep(0.001);
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_live_users(bigint[]) IS
  'Locks users and those who were merged into them. Returns false, and locks nobody, when one of them was merged itself.';
