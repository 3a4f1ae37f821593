-- Whatever adds up between two users stands here, and only here: a new counter is one more line. (Scores of seasons: carry_progress.) Amounts leave one user and
-- reach the other as two ledger events. The statement raises highest_rank_id itself, so that no rank is paid for.
CREATE OR REPLACE FUNCTION ttfd.move_progress(
  p_from_id bigint, p_to_id bigint, p_moved ttfd.unified_users, p_event_type text, p_data jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET xp = u.xp + s.sign * p_moved.xp,
         xp_since = CASE WHEN p_moved.xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, ttfd.current_time()) END,
         coins = u.coins + s.sign * p_moved.coins,
         messages_sent = u.messages_sent + s.sign * p_moved.messages_sent,
         total_voice_time = u.total_voice_time + s.sign * p_moved.total_voice_time,
         games_played = u.games_played + s.sign * p_moved.games_played,
         games_won = u.games_won + s.sign * p_moved.games_won,
         highest_rank_id = greatest(u.highest_rank_id, (SELECT r.id FROM ttfd.find_rank(u.xp + s.sign * p_moved.xp) r))
    FROM (VALUES (p_from_id, -1), (p_to_id, 1)) s (user_id, sign)
   WHERE u.id = s.user_id;
  PERFORM ttfd.tell_member(p_from_id, p_event_type, p_data, -p_moved.xp, -p_moved.coins);
  PERFORM ttfd.tell_member(p_to_id, p_event_type, p_data, p_moved.xp, p_moved.coins);
END;
$$;

COMMENT ON FUNCTION ttfd.move_progress(bigint, bigint, ttfd.unified_users, text, jsonb) IS
  'Moves balances and counters from one user who is locked to another, with an event for each.';
