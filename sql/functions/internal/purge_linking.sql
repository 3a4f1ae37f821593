CREATE OR REPLACE FUNCTION ttfd.purge_linking(p_limit integer)
RETURNS TABLE (codes bigint, failures bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_codes_since timestamptz := ttfd.kept_since('keep_link_codes_days');
  v_failures_since timestamptz := ttfd.kept_since('keep_link_failures_days');
BEGIN
  DELETE FROM ttfd.link_codes
   WHERE ctid = ANY (ARRAY(SELECT c.ctid FROM ttfd.link_codes c
                            WHERE c.expires_at < v_codes_since AND c.issued_since < v_codes_since
                            LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS codes = ROW_COUNT;
  DELETE FROM ttfd.link_failures
   WHERE ctid = ANY (ARRAY(SELECT f.ctid FROM ttfd.link_failures f
                            WHERE f.failed_at < v_failures_since
                            LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS failures = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.purge_linking(integer) IS
  'Removes link codes that are long void, and failed attempts that lock nobody any more. Returns how many of each.';
