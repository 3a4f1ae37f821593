-- Five failures in 15 minutes stop an account. A thousand guesses in a minute stop a platform, because whoever has many
-- accounts would never be stopped otherwise.
CREATE OR REPLACE FUNCTION ttfd.is_link_locked(p_platform text, p_account_hash bytea)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  RETURN (SELECT count(*) >= 5
            FROM ttfd.link_failures f
           WHERE f.account_hash = p_account_hash AND f.failed_at > v_now - INTERVAL '15 minutes')
      OR (SELECT count(*) >= 1000
            FROM ttfd.link_failures f
           WHERE f.platform = p_platform AND f.is_guess AND f.failed_at > v_now - INTERVAL '1 minute');
END;
$$;

COMMENT ON FUNCTION ttfd.is_link_locked(text, bytea) IS 'Whether an account has to wait before it may try a link code again.';
