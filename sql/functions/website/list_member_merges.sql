CREATE OR REPLACE FUNCTION ttfd.list_member_merges(p_user_id bigint)
RETURNS TABLE (
  merge_id bigint, merged_at timestamptz, undo_until timestamptz, platforms text[], other_platforms text[],
  other_xp bigint, other_coins bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT m.* FROM list_undoable_merges((find_survivor(p_user_id)).id) m;
END;
$$;

COMMENT ON FUNCTION ttfd.list_member_merges(bigint) IS
  'list_own_merges for a member of the website. Returns what list_own_merges returns. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_member_merges(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_member_merges(bigint) TO ttfd_website, ttfd_admin;
