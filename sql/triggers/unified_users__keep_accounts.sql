-- The other side of what platform_accounts__project checks. Members are merged or forgotten, never deleted.
CREATE OR REPLACE FUNCTION ttfd.unified_users__keep_accounts()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT r.id INTO v_user_id
    FROM removed r
   WHERE EXISTS (SELECT 1 FROM platform_accounts a WHERE a.user_id = r.id)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'user % has accounts', v_user_id
      USING ERRCODE = 'foreign_key_violation', TABLE = 'platform_accounts', COLUMN = 'user_id',
            HINT = 'forget_user removes what leads to a person.';
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__keep_accounts() IS 'Refuses to delete members who have accounts. Raises 23503.';

CREATE OR REPLACE TRIGGER keep_accounts AFTER DELETE ON ttfd.unified_users
  REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.unified_users__keep_accounts();
