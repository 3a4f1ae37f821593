-- What undo_own_merge would take back.
CREATE OR REPLACE FUNCTION ttfd.list_own_merges(p_platform text, p_external_id text)
RETURNS TABLE (
  merge_id bigint, merged_at timestamptz, undo_until timestamptz, platforms text[], other_platforms text[],
  other_xp bigint, other_coins bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT m.* FROM list_undoable_merges(find_owner(p_platform, resolve_platform(p_platform, p_external_id))) m;
END;
$$;

COMMENT ON FUNCTION ttfd.list_own_merges(text, text) IS
  'Merges of the member behind an account that are not older than 7 days nor undone, the latest first: that one has to be undone first. Returns merge_id, merged_at, undo_until, platforms (of the one who stayed, before), and what goes back to the other: other_platforms, other_xp, other_coins. Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.list_own_merges(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_own_merges(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
