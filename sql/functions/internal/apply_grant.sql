-- The one way in which amounts that were decided at once reach the ledger and the balance. The user is locked and the id
-- was new when it was, so an id that is taken now was taken for something else.
CREATE OR REPLACE FUNCTION ttfd.apply_grant(
  p_event_id uuid, p_user ttfd.unified_users, p_event_type text, p_platform text, p_data jsonb, p_xp bigint, p_coins bigint)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_rank_id smallint;
  v_outcome ttfd.event_outcome;
BEGIN
  IF p_user.coins + p_coins < 0 THEN
    RAISE EXCEPTION 'user % has % coins, % are needed', p_user.id, p_user.coins, -p_coins
      USING ERRCODE = 'TC001', HINT = 'Nothing was taken.';
  END IF;
  IF p_user.xp + p_xp >= p_user.next_rank_xp THEN
    SELECT r.id INTO v_rank_id FROM ttfd.find_rank(p_user.xp + p_xp) r WHERE r.id > p_user.highest_rank_id;
  END IF;
  IF NOT ttfd.insert_event(p_event_id, p_user.id, p_event_type, p_platform, p_data, p_xp, p_coins, NULL, v_rank_id,
                           ttfd.current_time()) THEN
    PERFORM ttfd.raise_event_error('TE002', p_event_id, p_event_type);
  END IF;
  UPDATE ttfd.unified_users u
     SET xp = u.xp + p_xp, coins = u.coins + p_coins,
         xp_since = CASE WHEN p_xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, ttfd.current_time()) END
   WHERE u.id = p_user.id
  RETURNING p_event_id, u.id, 'applied', p_xp, p_coins, NULL, u.xp, u.coins, u.rank_id, v_rank_id IS NOT NULL
    INTO v_outcome;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.apply_grant(uuid, ttfd.unified_users, text, text, jsonb, bigint, bigint) IS
  'Grants (or, below zero, takes) XP and coins at once, as an event. Expects the user locked. Raises TC001 when the coins are short, 23514 when the XP are, TE002 when the id was taken meanwhile.';
