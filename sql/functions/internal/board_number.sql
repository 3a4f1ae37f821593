CREATE OR REPLACE FUNCTION ttfd.board_number(p_metric text)
RETURNS integer
LANGUAGE sql STABLE
AS $$
  SELECT CASE p_metric
           WHEN 'season' THEN ttfd.season_board(ttfd.running_season())
           ELSE array_position(ARRAY['coins', 'messages', 'voice', 'games', 'wins'], p_metric)
         END;
$$;

COMMENT ON FUNCTION ttfd.board_number(text) IS
  'The board of standings and board_counts that shows a metric; NULL for xp, which has its own, and for season when none is running.';
