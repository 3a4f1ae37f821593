-- In pieces, because everybody may have played. The counts go last, and the board is known by their root: node 10 of each.
CREATE OR REPLACE FUNCTION ttfd.clear_past_board()
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_board integer := (
    SELECT c.board
      FROM ttfd.board_counts c
     WHERE c.node = 10 AND c.board > ttfd.season_board(0)
       AND NOT EXISTS (SELECT 1 FROM ttfd.seasons s WHERE ttfd.season_board(s.id) = c.board AND s.closed_at IS NULL)
     LIMIT 1);
BEGIN
  IF v_board IS NULL THEN
    RETURN;
  END IF;
  DELETE FROM ttfd.standings
   WHERE ctid = ANY (ARRAY(SELECT s.ctid FROM ttfd.standings s WHERE s.board = v_board AND s.board <> 0 LIMIT 2000));
  IF NOT FOUND THEN
    DELETE FROM ttfd.board_counts c WHERE c.board = v_board;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.clear_past_board() IS
  'Removes the board of a season that is closed, up to 2,000 members at a time. Expects feed_head locked.';
