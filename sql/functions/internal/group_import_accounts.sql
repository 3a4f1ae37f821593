-- First contacts wait from here to the end of the run; members whom we know go on until they are locked. A merge locks its
-- members first and their accounts second: when it has the one and waits for the other, the run steps back and tries again,
-- sooner than PostgreSQL would call it a deadlock (after a second).
CREATE OR REPLACE FUNCTION ttfd.group_import_accounts(p_run_id bigint, p_link_by_username boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_patience text := current_setting('lock_timeout');
BEGIN
  FOR v_attempt IN 1..10 LOOP
    BEGIN
      LOCK TABLE ttfd.platform_accounts IN SHARE ROW EXCLUSIVE MODE;
      PERFORM ttfd.collect_import_identities(p_run_id);
      PERFORM ttfd.link_import_by_id(p_run_id);
      IF p_link_by_username THEN
        PERFORM ttfd.link_import_by_username(p_run_id);
      END IF;
      PERFORM set_config('lock_timeout', '800ms', true);
      PERFORM ttfd.lock_import_members(p_run_id);
      PERFORM set_config('lock_timeout', v_patience, true);
      RETURN;
    EXCEPTION
      WHEN lock_not_available THEN
        IF v_attempt = 10 THEN
          RAISE;
        END IF;
    END;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.group_import_accounts(bigint, boolean) IS
  'Groups the accounts of a run into persons and locks the members among them. Raises 55P03 when somebody holds a member for too long.';
