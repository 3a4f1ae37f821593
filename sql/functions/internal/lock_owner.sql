-- The account may change hands while we wait for its user: then that lock is let go again, because the next user may have
-- a lower id.
CREATE OR REPLACE FUNCTION ttfd.lock_owner(p_platform text, p_external_id text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  PERFORM ttfd.lock_account(p_platform, p_external_id);
  LOOP
    BEGIN
      v_user_id := (ttfd.lock_user(ttfd.resolve_user(p_platform, p_external_id))).id;
      IF v_user_id = ttfd.find_owner(p_platform, p_external_id) THEN
        RETURN v_user_id;
      END IF;
      RAISE EXCEPTION 'changed hands meanwhile';
    EXCEPTION
      WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_owner(text, text) IS
  'Locks the user behind a platform account, which is created at first contact, and returns its id. Raises TP001, TU002.';
