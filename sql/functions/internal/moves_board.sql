CREATE OR REPLACE FUNCTION ttfd.moves_board(
  p_board integer, p_counter text, p_event_type text, p_xp bigint, p_coins bigint, p_data jsonb)
RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE p_board
           WHEN 1 THEN p_coins <> 0 AND p_event_type <> 'opening_balance'
           WHEN 2 THEN p_counter = 'messages'
           WHEN 3 THEN p_counter = 'voice'
           WHEN 4 THEN p_counter = 'games'
           WHEN 5 THEN p_counter = 'games' AND p_data @> '{"won": true}'
           ELSE p_xp > 0
         END;
$$;

COMMENT ON FUNCTION ttfd.moves_board(integer, text, text, bigint, bigint, jsonb) IS
  'Whether a granted event, whose type moves a counter, has changed its member''s value on a board (see board_number); of a season, whether it may have.';
