-- A member without an account could never come back. A merged user is a signpost and a forgotten one nobody: they
-- need none.
CREATE OR REPLACE FUNCTION ttfd.platform_accounts__keep_last()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  PERFORM 1 FROM unified_users u WHERE u.id IN (SELECT r.user_id FROM removed r) ORDER BY u.id FOR NO KEY UPDATE;
  SELECT u.id INTO v_user_id
    FROM unified_users u
   WHERE u.id IN (SELECT r.user_id FROM removed r)
     AND u.merged_into IS NULL
     AND u.forgotten_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM platform_accounts a WHERE a.user_id = u.id)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the last account of user % cannot be removed', v_user_id
      USING ERRCODE = 'TL003', HINT = 'Link another account first.';
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platform_accounts__keep_last() IS 'Refuses to leave a member without an account. Raises TL003.';

CREATE OR REPLACE TRIGGER keep_last_delete AFTER DELETE ON ttfd.platform_accounts
  REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__keep_last();

CREATE OR REPLACE TRIGGER keep_last_update AFTER UPDATE ON ttfd.platform_accounts
  REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__keep_last();
