CREATE OR REPLACE FUNCTION ttfd.purge_forgotten()
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  DELETE FROM ttfd.forgotten_accounts WHERE expires_at <= ttfd.current_time();
$$;

COMMENT ON FUNCTION ttfd.purge_forgotten() IS 'Removes what was remembered of forgotten accounts and has expired.';
