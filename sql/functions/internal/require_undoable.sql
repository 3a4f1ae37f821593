CREATE OR REPLACE FUNCTION ttfd.require_undoable(p_merge ttfd.user_merges)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_later_id bigint := (SELECT max(m.id) FROM ttfd.user_merges m
                         WHERE m.id > p_merge.id AND m.undone_at IS NULL AND p_merge.into_id IN (m.into_id, m.from_id));
  v_accounts integer;  -- Of those that moved, how many are still there.
  v_others integer;
BEGIN
  IF ttfd.current_time() > p_merge.merged_at + INTERVAL '7 days' THEN
    RAISE EXCEPTION 'merge % is older than 7 days', p_merge.id
      USING ERRCODE = 'TM001', HINT = 'Unlink an account instead: it starts anew when it speaks again.';
  ELSIF v_later_id IS NOT NULL THEN
    RAISE EXCEPTION 'user % was merged again after merge %', p_merge.into_id, p_merge.id
      USING ERRCODE = 'TM001', HINT = format('Undo merge %s first.', v_later_id);
  END IF;
  SELECT count(*) FILTER (WHERE m.platform IS NOT NULL), count(*) FILTER (WHERE m.platform IS NULL)
    INTO v_accounts, v_others
    FROM ttfd.platform_accounts a
    LEFT JOIN jsonb_to_recordset(p_merge.accounts) m (platform text, linked_at timestamptz)
      ON m.platform = a.platform AND m.linked_at = a.linked_at
   WHERE a.user_id = p_merge.into_id;
  IF v_accounts < jsonb_array_length(p_merge.accounts) OR v_others = 0 THEN
    RAISE EXCEPTION 'an account of merge % was unlinked since', p_merge.id
      USING ERRCODE = 'TM001', HINT = 'Each of the two users needs its accounts back.';
  END IF;
  IF EXISTS (SELECT 1 FROM ttfd.unified_users u
              WHERE u.id = p_merge.into_id
                AND (u.xp < (p_merge.from_before ->> 'xp')::bigint OR u.coins < (p_merge.from_before ->> 'coins')::bigint)) THEN
    RAISE EXCEPTION 'what merge % moved was spent', p_merge.id
      USING ERRCODE = 'TM002', HINT = 'It can be undone once the balance covers what was moved.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_undoable(ttfd.user_merges) IS
  'Refuses to undo a merge that has gone too far, while its users are locked. Raises TM001, TM002.';
