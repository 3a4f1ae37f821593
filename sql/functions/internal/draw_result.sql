-- Drawn by the server, as the pay for work is: whoever called could otherwise draw until it pleases.
CREATE OR REPLACE FUNCTION ttfd.draw_result(
  p_game ttfd.games, p_choice integer, p_bet bigint, p_question_id integer,
  OUT drawn bigint, OUT won boolean, OUT coins bigint)
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF p_game.asks_questions THEN
    drawn := (SELECT q.answer FROM ttfd.quiz_questions q WHERE q.id = p_question_id);
  ELSIF p_game.choices IS NOT NULL THEN
    drawn := 1 + floor(random() * p_game.choices)::bigint;
  ELSE
    drawn := p_game.prizes[1 + floor(random() * cardinality(p_game.prizes))::integer];
    won := drawn > 0;
    coins := drawn;
    RETURN;
  END IF;
  IF drawn IS NULL OR p_choice IS NULL OR p_choice < 1 OR p_choice > p_game.choices THEN
    RAISE EXCEPTION 'the game "%" needs a choice that it knows', p_game.name
      USING ERRCODE = 'invalid_parameter_value', HINT = 'list_games says from what to choose; draw_question has questions.';
  END IF;
  won := p_choice = drawn;
  coins := CASE WHEN won THEN p_bet * p_game.factor ELSE 0 END;
END;
$$;

COMMENT ON FUNCTION ttfd.draw_result(ttfd.games, integer, bigint, integer) IS
  'How a game ends: the number (of an option, or of coins) that was drawn, whether it wins, and the coins to pay. Raises 22023.';
