CREATE OR REPLACE FUNCTION ttfd.purge_judged(p_limit integer)
RETURNS TABLE (windows bigint, boosts bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_judged timestamptz := ttfd.oldest_judgement();
  v_windows_since timestamptz := least(v_judged, ttfd.kept_since('keep_award_windows_days'));
  v_boosts_since timestamptz := least(v_judged, ttfd.kept_since('keep_boosts_days'));
BEGIN
  DELETE FROM ttfd.award_windows
   WHERE ctid = ANY (ARRAY(SELECT w.ctid FROM ttfd.award_windows w
                            WHERE w.starts_at < v_windows_since
                            LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS windows = ROW_COUNT;
  DELETE FROM ttfd.boosts
   WHERE id = ANY (ARRAY(SELECT b.id FROM ttfd.boosts b
                          WHERE b.ends_at < v_boosts_since
                          LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS boosts = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.purge_judged(integer) IS
  'Removes award windows and boosts that no event will be judged by any more. Returns how many of each.';
