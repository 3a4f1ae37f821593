CREATE OR REPLACE FUNCTION ttfd.board_number(p_metric text)
RETURNS smallint
LANGUAGE sql IMMUTABLE
AS $$
  SELECT array_position(ARRAY['coins', 'messages', 'voice', 'games', 'wins'], p_metric)::smallint;
$$;

COMMENT ON FUNCTION ttfd.board_number(text) IS
  'The board of standings and board_counts that shows a metric; NULL for xp and season, which have their own.';
