-- join_users backwards. What the survivor has earned since is nobody else's. A column that was added since the merge is not
-- in the journal: it stays as it is.
CREATE OR REPLACE FUNCTION ttfd.reverse_merge(p_merge ttfd.user_merges)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_from ttfd.unified_users;
  v_into ttfd.unified_users;
  v_before ttfd.unified_users;
  v_after ttfd.unified_users;
  v_told jsonb;
BEGIN
  SELECT * INTO v_from FROM ttfd.unified_users WHERE id = p_merge.from_id;
  SELECT * INTO v_into FROM ttfd.unified_users WHERE id = p_merge.into_id;
  v_from := jsonb_populate_record(v_from, p_merge.from_before);
  v_before := jsonb_populate_record(v_into, p_merge.into_before);
  v_after := jsonb_populate_record(v_into, p_merge.into_after);
  v_told := jsonb_build_object('merge_id', p_merge.id, 'into_id', p_merge.into_id, 'from_id', p_merge.from_id,
                               'platforms', v_before.platforms || v_from.platforms);
  UPDATE ttfd.unified_users
     SET merged_into = NULL, primary_platform = v_from.primary_platform
   WHERE id = p_merge.from_id;
  UPDATE ttfd.unified_users SET merged_into = p_merge.from_id WHERE id = ANY (p_merge.signposts);
  UPDATE ttfd.platform_accounts a
     SET user_id = p_merge.from_id, link_method = m.link_method
    FROM jsonb_to_recordset(p_merge.accounts) m (platform text, link_method text)
   WHERE a.user_id = p_merge.into_id AND a.platform = m.platform;
  UPDATE ttfd.boosts SET user_id = p_merge.from_id WHERE id = ANY (p_merge.boosts) AND user_id = p_merge.into_id;
  UPDATE ttfd.purchases SET user_id = p_merge.from_id WHERE event_id = ANY (p_merge.purchases) AND user_id = p_merge.into_id;
  PERFORM ttfd.return_transfer_days(p_merge.from_id, p_merge.into_id);
  PERFORM ttfd.return_award_windows(p_merge.from_id, p_merge.into_id, p_merge.kept_windows);
  PERFORM ttfd.move_progress(p_merge.into_id, p_merge.from_id, v_from, 'merge_undone', v_told);
  UPDATE ttfd.unified_users SET xp_since = v_from.xp_since WHERE id = p_merge.from_id;
  PERFORM ttfd.restore_best(p_merge.into_id, v_before, v_after);
  PERFORM ttfd.return_progress(p_merge.progress);
  UPDATE ttfd.user_merges SET undone_at = ttfd.current_time() WHERE id = p_merge.id;
  PERFORM ttfd.audit('merge_undone', NULL, v_told || jsonb_build_object('xp', v_from.xp, 'coins', v_from.coins));
END;
$$;

COMMENT ON FUNCTION ttfd.reverse_merge(ttfd.user_merges) IS 'Makes two users again of one that is locked.';
