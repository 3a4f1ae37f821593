-- The journal holds no names: platforms and amounts say which merge it was.
CREATE OR REPLACE FUNCTION ttfd.list_undoable_merges(p_user_id bigint)
RETURNS TABLE (
  merge_id bigint, merged_at timestamptz, undo_until timestamptz, platforms text[], other_platforms text[],
  other_xp bigint, other_coins bigint)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN QUERY
  SELECT m.id, m.merged_at, m.merged_at + INTERVAL '7 days',
         ARRAY(SELECT jsonb_array_elements_text(m.into_before -> 'platforms')),
         ARRAY(SELECT jsonb_array_elements_text(m.from_before -> 'platforms')),
         (m.from_before ->> 'xp')::bigint, (m.from_before ->> 'coins')::bigint
    FROM ttfd.user_merges m
   WHERE m.into_id = p_user_id AND m.undone_at IS NULL
     AND ttfd.current_time() <= m.merged_at + INTERVAL '7 days'
   ORDER BY m.id DESC;
END;
$$;

COMMENT ON FUNCTION ttfd.list_undoable_merges(bigint) IS
  'Merges into a user that are not older than 7 days nor undone, the latest first: see list_own_merges.';
