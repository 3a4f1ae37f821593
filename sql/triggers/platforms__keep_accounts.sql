-- The other side of what platform_accounts__know_platform checks.
CREATE OR REPLACE FUNCTION ttfd.platforms__keep_accounts()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_name text;
BEGIN
  SELECT r.name INTO v_name
    FROM removed r
   WHERE NOT EXISTS (SELECT 1 FROM platforms p WHERE p.name = r.name)
     AND EXISTS (SELECT 1 FROM platform_accounts a WHERE a.platform = r.name)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'there are accounts on platform "%"', v_name
      USING ERRCODE = 'foreign_key_violation', TABLE = 'platform_accounts', COLUMN = 'platform';
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platforms__keep_accounts() IS
  'Refuses to delete or rename a platform that members have accounts on. Raises 23503.';

CREATE OR REPLACE TRIGGER keep_accounts_delete AFTER DELETE ON ttfd.platforms
  REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platforms__keep_accounts();

CREATE OR REPLACE TRIGGER keep_accounts_update AFTER UPDATE ON ttfd.platforms
  REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platforms__keep_accounts();
