-- The bet is an event of its own, because what a game grants is never below zero. Both happen or none.
CREATE OR REPLACE FUNCTION ttfd.play_game(
  p_event_id uuid, p_platform text, p_external_id text, p_game text, p_choice integer DEFAULT NULL,
  p_bet bigint DEFAULT 0, p_question_id integer DEFAULT NULL)
RETURNS TABLE (
  event_id uuid, user_id bigint, status text, xp bigint, coins bigint, note text, total_xp bigint, total_coins bigint,
  rank_id smallint, rank_up boolean, won boolean, drawn bigint, bet bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_bet bigint := coalesce(p_bet, 0);
  v_request jsonb := jsonb_build_object('game_type', p_game, 'choice', p_choice, 'bet', v_bet, 'question_id', p_question_id);
  v_user unified_users := lock_user(resolve_user(p_platform, p_external_id));
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'game_played', p_platform, v_request);
  v_game games;
  v_result record;
BEGIN
  IF v_outcome.status IS NULL THEN
    v_game := open_game(v_user.id, p_game, v_bet);
    v_result := draw_result(v_game, p_choice, v_bet, p_question_id);
    IF v_bet > 0 THEN
      PERFORM spend_coins(derive_event_id(p_event_id, 'bet'), v_user.id, v_bet, p_game);
    END IF;
    v_outcome := apply_event(p_event_id, p_platform, p_external_id, 'game_played', v_request || jsonb_build_object(
      'drawn', v_result.drawn, 'won', v_result.won, 'coins', v_result.coins,
      'xp', CASE WHEN v_result.won THEN v_game.win_xp ELSE v_game.loss_xp END));
    PERFORM keep_award_windows(v_user.id, 'game:' || p_game, ttfd.current_time(), NULL, v_outcome.xp);
  END IF;
  RETURN QUERY
  SELECT v_outcome.event_id, v_outcome.user_id, v_outcome.status, v_outcome.xp, v_outcome.coins, v_outcome.note,
         v_outcome.total_xp, v_outcome.total_coins, v_outcome.rank_id, v_outcome.rank_up,
         (e.data -> 'won')::boolean, (e.data -> 'drawn')::bigint, v_bet
    FROM (SELECT) one
    LEFT JOIN cross_platform_events e ON e.id = p_event_id;
END;
$$;

COMMENT ON FUNCTION ttfd.play_game(uuid, text, text, text, integer, bigint, integer) IS
  'Plays a game of list_games at once: takes the bet as an event coins_spent and grants what was won as an event game_played. p_choice is a number that was chosen, or the option chosen of question p_question_id (see draw_question), from 1. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins (granted, the bet not taken off), note, total_xp, total_coins, rank_id, rank_up, won, drawn (the number drawn, the right option, or the coins of a prize), bet. Raises TC001 when the coins do not cover the bet, TC002 when it was played too lately (the hint says from when it can be again), TE002 when the id was used with other content, TE003 for a bet that is not allowed, P0002 for an unknown game, 22023 without a possible choice, TE001, TU002, TP001, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.play_game(uuid, text, text, text, integer, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.play_game(uuid, text, text, text, integer, bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
