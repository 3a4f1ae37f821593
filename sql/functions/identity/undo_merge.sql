-- Sent twice, it answers twice the same. The last merge of a user has to be undone first: only then is what comes out
-- exactly what went in.
CREATE OR REPLACE FUNCTION ttfd.undo_merge(p_merge_id bigint)
RETURNS TABLE (merge_id bigint, into_id bigint, from_id bigint, undone_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_merge user_merges;
BEGIN
  PERFORM require_read_committed();
  PERFORM lock_live_users(ARRAY(SELECT m.into_id FROM user_merges m WHERE m.id = p_merge_id));
  SELECT * INTO v_merge FROM user_merges m WHERE m.id = p_merge_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no merge %', coalesce(p_merge_id::text, 'NULL')
      USING ERRCODE = 'no_data_found', HINT = 'Ids of merges come from redeem_link_code, merge_users and the feed.';
  END IF;
  IF v_merge.undone_at IS NULL THEN
    PERFORM require_undoable(v_merge);
    PERFORM reverse_merge(v_merge);
  END IF;
  RETURN QUERY SELECT m.id, m.into_id, m.from_id, m.undone_at FROM user_merges m WHERE m.id = p_merge_id;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_merge(bigint) IS
  'Makes two users again of one, within 7 days: both get back what they had, accounts included; what the survivor has earned since stays there. Undoing again gives the same answer. Returns merge_id, into_id, from_id, undone_at. Raises TM001 when it is too late, when the survivor was merged again since (the hint names the merge to undo first) or when an account was unlinked; TM002 when the balance does not cover what was moved; P0002 when there is no such merge. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.undo_merge(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.undo_merge(bigint) TO ttfd_admin;
