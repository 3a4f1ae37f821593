-- What undo_own_merge would take back. The journal holds no names: platforms and amounts say which merge it was.
CREATE OR REPLACE FUNCTION ttfd.list_own_merges(p_platform text, p_external_id text)
RETURNS TABLE (
  merge_id bigint, merged_at timestamptz, undo_until timestamptz, platforms text[], other_platforms text[],
  other_xp bigint, other_coins bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint := find_owner(p_platform, resolve_platform(p_platform, p_external_id));
BEGIN
  RETURN QUERY
  SELECT m.id, m.merged_at, m.merged_at + INTERVAL '7 days',
         ARRAY(SELECT jsonb_array_elements_text(m.into_before -> 'platforms')),
         ARRAY(SELECT jsonb_array_elements_text(m.from_before -> 'platforms')),
         (m.from_before ->> 'xp')::bigint, (m.from_before ->> 'coins')::bigint
    FROM user_merges m
   WHERE m.into_id = v_user_id AND m.undone_at IS NULL
     AND ttfd.current_time() <= m.merged_at + INTERVAL '7 days'
   ORDER BY m.id DESC;
END;
$$;

COMMENT ON FUNCTION ttfd.list_own_merges(text, text) IS
  'Merges of the member behind an account that are not older than 7 days nor undone, the latest first: that one has to be undone first. Returns merge_id, merged_at, undo_until, platforms (of the one who stayed, before), and what goes back to the other: other_platforms, other_xp, other_coins. Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.list_own_merges(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_own_merges(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
