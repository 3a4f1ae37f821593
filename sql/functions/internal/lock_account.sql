-- A platform account that nobody has yet has no row to lock. Taken before any user is locked.
CREATE OR REPLACE FUNCTION ttfd.lock_account(p_platform text, p_external_id text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ttfd account ' || p_platform || ' ' || p_external_id, 0));
END;
$$;

COMMENT ON FUNCTION ttfd.lock_account(text, text) IS
  'Makes whoever else creates, links or redeems for this platform account wait for the end of the transaction.';
