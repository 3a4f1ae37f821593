-- Each season has a board of its own, so nothing has to be done when another begins.
CREATE OR REPLACE FUNCTION ttfd.season_board(p_season_id integer)
RETURNS integer
LANGUAGE sql IMMUTABLE
AS $$
  SELECT 5 + p_season_id;
$$;

COMMENT ON FUNCTION ttfd.season_board(integer) IS 'The board of standings and board_counts that shows a season.';
