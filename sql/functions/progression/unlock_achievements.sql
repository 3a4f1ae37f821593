-- Who passed a threshold before it was one. Slice by slice, so that a large community neither floods the feed nor stands
-- still. All members of a slice are locked, because a batch that began before the change may be about to write them.
CREATE OR REPLACE FUNCTION ttfd.unlock_achievements(p_limit integer DEFAULT 1000)
RETURNS TABLE (checked integer, unlocked bigint, remaining boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_next bigint;
  v_user_ids bigint[];
BEGIN
  PERFORM require_read_committed();
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 100000 THEN
    RAISE EXCEPTION 'p_limit has to be from 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT s.next_user_id INTO v_next FROM achievement_scan s FOR UPDATE SKIP LOCKED;
  v_user_ids := ARRAY(SELECT u.id FROM unified_users u WHERE u.id >= v_next ORDER BY u.id LIMIT p_limit);
  PERFORM 1 FROM unified_users u WHERE u.id = ANY (v_user_ids) ORDER BY u.id FOR NO KEY UPDATE;
  checked := cardinality(v_user_ids);
  unlocked := settle_achievements(v_user_ids, true);
  remaining := checked = p_limit;
  IF v_next IS NOT NULL THEN
    UPDATE achievement_scan SET next_user_id = CASE WHEN remaining THEN v_user_ids[p_limit] + 1 END;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.unlock_achievements(integer) IS
  'After achievements were added or changed: unlocks them for the next p_limit members (1 to 100,000) who have reached them already, with one event achievement_unlock for each. Returns checked, unlocked (members), remaining (whether to call it again). Nothing to do costs next to nothing. Raises 22023 for a limit out of range. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.unlock_achievements(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.unlock_achievements(integer) TO ttfd_worker, ttfd_admin;
