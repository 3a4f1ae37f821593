-- Whoever loses an account, by a merge, its undoing, unlinking or being forgotten, is another person than the one who logged in.
CREATE OR REPLACE FUNCTION ttfd.platform_accounts__end_sessions()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  DELETE FROM website_sessions s WHERE s.user_id IN (OLD.user_id, NEW.user_id);
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platform_accounts__end_sessions() IS
  'Logs members out everywhere when an account leaves one of them for the other, or for good.';

CREATE OR REPLACE TRIGGER end_sessions_of_both AFTER UPDATE OF user_id ON ttfd.platform_accounts
  FOR EACH ROW WHEN (OLD.user_id <> NEW.user_id) EXECUTE FUNCTION ttfd.platform_accounts__end_sessions();

CREATE OR REPLACE TRIGGER end_sessions AFTER DELETE ON ttfd.platform_accounts
  FOR EACH ROW EXECUTE FUNCTION ttfd.platform_accounts__end_sessions();
