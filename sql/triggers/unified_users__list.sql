-- A generated column would be worked out anew at every update of a member.
CREATE OR REPLACE FUNCTION ttfd.unified_users__list()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  NEW.is_listed := NEW.merged_into IS NULL AND NEW.forgotten_at IS NULL AND NOT NEW.is_hidden;
  RETURN NEW;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__list() IS 'Says whether a member is on the leaderboards.';

CREATE OR REPLACE TRIGGER list BEFORE UPDATE OF is_hidden, merged_into, forgotten_at, is_listed ON ttfd.unified_users
  FOR EACH ROW EXECUTE FUNCTION ttfd.unified_users__list();

CREATE OR REPLACE TRIGGER list_inserted BEFORE INSERT ON ttfd.unified_users
  FOR EACH ROW WHEN (NEW.merged_into IS NOT NULL OR NEW.forgotten_at IS NOT NULL OR NEW.is_hidden OR NOT NEW.is_listed)
  EXECUTE FUNCTION ttfd.unified_users__list();
