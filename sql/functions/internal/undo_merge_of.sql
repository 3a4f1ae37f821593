-- Whose account it is may undo, on either side: both have agreed, so either may take it back. A merge of somebody else's is
-- answered like one that never was.
CREATE OR REPLACE FUNCTION ttfd.undo_merge_of(p_merge_id bigint, p_user_id bigint)
RETURNS TABLE (merge_id bigint, into_id bigint, from_id bigint, undone_at timestamptz)
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  RETURN QUERY
  SELECT u.merge_id, u.into_id, u.from_id, u.undone_at
    FROM ttfd.user_merges m
   CROSS JOIN LATERAL ttfd.undo_merge(m.id) u
   WHERE m.id = p_merge_id
     AND (p_user_id = m.into_id OR p_user_id = m.from_id AND m.undone_at IS NOT NULL);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this member has no merge %', coalesce(p_merge_id::text, 'NULL')
      USING ERRCODE = 'no_data_found', HINT = 'list_own_merges lists those that can be undone.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_merge_of(bigint, bigint) IS 'undo_merge, for a user whose merge it is. Raises TM001, TM002, P0002.';
