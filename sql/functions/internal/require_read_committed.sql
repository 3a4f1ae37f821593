-- Under a stricter isolation the second look of insert_event would be blind to what has just been applied.
CREATE OR REPLACE FUNCTION ttfd.require_read_committed()
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'ttfd grants events under READ COMMITTED only'
      USING ERRCODE = 'feature_not_supported', HINT = 'Call it in a transaction of the default isolation level.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_read_committed() IS 'Raises 0A000 in a transaction of another isolation level.';
