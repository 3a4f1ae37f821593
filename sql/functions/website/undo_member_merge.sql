CREATE OR REPLACE FUNCTION ttfd.undo_member_merge(p_merge_id bigint, p_user_id bigint)
RETURNS TABLE (merge_id bigint, into_id bigint, from_id bigint, undone_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_account platform_accounts := find_own_account((find_survivor(p_user_id)).id);
BEGIN
  RETURN QUERY
  SELECT u.merge_id, u.into_id, u.from_id, u.undone_at FROM undo_merge_of(p_merge_id, v_account.user_id) u;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_member_merge(bigint, bigint) IS
  'undo_own_merge for a member who is logged in to the website. Returns merge_id, into_id, from_id, undone_at. Raises TM001, TM002 as undo_merge does, P0002 when the member has no such merge, TU001, TP001 when the member is not logged in. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.undo_member_merge(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.undo_member_merge(bigint, bigint) TO ttfd_website, ttfd_admin;
