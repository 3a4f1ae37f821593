-- The merge itself, of two users who are locked. Everything that reverse_merge needs goes into the journal.
CREATE OR REPLACE FUNCTION ttfd.join_users(p_into_id bigint, p_from_id bigint, p_reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_from ttfd.unified_users;
  v_into ttfd.unified_users;
  v_platform text;
  v_merge_id bigint;
  v_told jsonb;
BEGIN
  SELECT * INTO v_into FROM ttfd.unified_users WHERE id = p_into_id;
  SELECT * INTO v_from FROM ttfd.unified_users WHERE id = p_from_id;
  SELECT p INTO v_platform FROM unnest(v_into.platforms) p WHERE p = ANY (v_from.platforms) ORDER BY p LIMIT 1;
  IF FOUND THEN
    PERFORM ttfd.raise_collision(v_platform);
  END IF;

  INSERT INTO ttfd.user_merges
    (into_id, from_id, reason, merged_at, into_before, from_before, accounts, signposts, boosts, purchases,
     kept_windows)
  SELECT p_into_id, p_from_id, p_reason, ttfd.current_time(),
         ttfd.snapshot_user(p_into_id), ttfd.snapshot_user(p_from_id),
         (SELECT jsonb_agg(jsonb_build_object('platform', a.platform, 'link_method', a.link_method, 'linked_at', a.linked_at))
            FROM ttfd.platform_accounts a WHERE a.user_id = p_from_id),
         ARRAY(SELECT u.id FROM ttfd.unified_users u WHERE u.merged_into = p_from_id),
         ARRAY(SELECT b.id FROM ttfd.boosts b WHERE b.user_id = p_from_id),
         ARRAY(SELECT p.event_id FROM ttfd.purchases p WHERE p.user_id = p_from_id),
         ttfd.carry_award_windows(p_from_id, p_into_id)
  RETURNING id INTO v_merge_id;

  -- A signpost never points to a signpost.
  UPDATE ttfd.unified_users SET merged_into = p_into_id WHERE id = p_from_id OR merged_into = p_from_id;
  UPDATE ttfd.platform_accounts SET user_id = p_into_id, link_method = 'merge' WHERE user_id = p_from_id;
  UPDATE ttfd.boosts SET user_id = p_into_id WHERE user_id = p_from_id;
  UPDATE ttfd.purchases SET user_id = p_into_id WHERE user_id = p_from_id;
  PERFORM ttfd.carry_transfer_days(p_from_id, p_into_id);
  v_told := jsonb_build_object('merge_id', v_merge_id, 'into_id', p_into_id, 'from_id', p_from_id,
                               'platforms', v_into.platforms || v_from.platforms);
  PERFORM ttfd.move_progress(p_from_id, p_into_id, v_from, 'accounts_merged', v_told);
  PERFORM ttfd.take_best(p_into_id, v_from);
  UPDATE ttfd.user_merges SET progress = ttfd.carry_progress(p_from_id, p_into_id) WHERE id = v_merge_id;
  UPDATE ttfd.user_merges SET into_after = ttfd.snapshot_user(p_into_id) WHERE id = v_merge_id;
  PERFORM ttfd.audit('accounts_merged', NULL, v_told || jsonb_build_object('reason', p_reason, 'xp', v_from.xp, 'coins', v_from.coins));
  RETURN v_merge_id;
END;
$$;

COMMENT ON FUNCTION ttfd.join_users(bigint, bigint, text) IS
  'Makes one user of two who are locked; the second becomes a signpost. Returns the id of the merge. Raises TL002.';
