-- In the place of a foreign key, which would be checked for every row: an import brings a million of a few platforms.
CREATE OR REPLACE FUNCTION ttfd.platform_accounts__know_platform()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_platform text;
BEGIN
  SELECT n.platform INTO v_platform
    FROM (SELECT DISTINCT a.platform FROM added a) n
   WHERE NOT EXISTS (SELECT 1 FROM platforms p WHERE p.name = n.platform)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'there is no platform "%"', v_platform
      USING ERRCODE = 'foreign_key_violation', TABLE = 'platform_accounts', COLUMN = 'platform',
            HINT = 'A platform is a row of platforms.';
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platform_accounts__know_platform() IS 'Refuses accounts of unknown platforms. Raises 23503.';

CREATE OR REPLACE TRIGGER know_platform_insert AFTER INSERT ON ttfd.platform_accounts
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__know_platform();

CREATE OR REPLACE TRIGGER know_platform_update AFTER UPDATE ON ttfd.platform_accounts
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__know_platform();
