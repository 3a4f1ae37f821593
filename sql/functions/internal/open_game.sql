CREATE OR REPLACE FUNCTION ttfd.open_game(p_user_id bigint, p_game text, p_bet bigint)
RETURNS ttfd.games
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_game ttfd.games;
  v_last_at timestamptz;
BEGIN
  SELECT * INTO v_game FROM ttfd.games g WHERE g.name = p_game AND g.is_enabled;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no game "%"', p_game
      USING ERRCODE = 'no_data_found', HINT = 'list_games lists those that can be played.';
  ELSIF p_bet NOT BETWEEN 0 AND v_game.max_bet THEN
    RAISE EXCEPTION 'a bet on "%" is from 0 to % coins', p_game, v_game.max_bet
      USING ERRCODE = 'TE003', HINT = 'list_games has the limits.';
  END IF;
  SELECT max(w.starts_at) INTO v_last_at
    FROM ttfd.award_windows w
   WHERE w.user_id = p_user_id AND w.event_type = 'game:' || p_game AND NOT w.is_daily;
  IF v_last_at + make_interval(secs => v_game.cooldown_seconds) > ttfd.current_time() THEN
    PERFORM ttfd.raise_already_claimed('the game', v_last_at + make_interval(secs => v_game.cooldown_seconds));
  END IF;
  RETURN v_game;
END;
$$;

COMMENT ON FUNCTION ttfd.open_game(bigint, text, bigint) IS
  'A game that a member, who is locked, may play now with this bet. Raises P0002, TE003, TC002.';
