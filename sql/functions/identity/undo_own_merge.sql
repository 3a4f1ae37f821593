CREATE OR REPLACE FUNCTION ttfd.undo_own_merge(p_merge_id bigint, p_platform text, p_external_id text)
RETURNS TABLE (merge_id bigint, into_id bigint, from_id bigint, undone_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT u.merge_id, u.into_id, u.from_id, u.undone_at
    FROM undo_merge_of(p_merge_id, find_owner(p_platform, resolve_platform(p_platform, p_external_id))) u;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_own_merge(bigint, text, text) IS
  'Makes two users again of one, for the member behind an account: undo_merge, for a merge of its own. Undoing again gives the same answer. Returns merge_id, into_id, from_id, undone_at. Raises TM001, TM002 as undo_merge does, P0002 when the member has no such merge, TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.undo_own_merge(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.undo_own_merge(bigint, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
