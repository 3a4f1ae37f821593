-- Somebody may be merged while we wait for a lock: then we look again.
CREATE OR REPLACE FUNCTION ttfd.lock_person(p_user_id bigint)
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_locked bigint[];
  v_found bigint[];
BEGIN
  LOOP
    v_found := ttfd.list_person(p_user_id);
    EXIT WHEN v_found = v_locked;
    PERFORM 1 FROM ttfd.unified_users u WHERE u.id = ANY (v_found) ORDER BY u.id FOR NO KEY UPDATE;
    v_locked := v_found;
  END LOOP;
  RETURN v_locked;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_person(bigint) IS
  'Locks everybody whom list_person names, and returns their ids. Raises TU001.';
