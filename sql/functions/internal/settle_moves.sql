CREATE OR REPLACE FUNCTION ttfd.settle_moves()
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_xp bigint[];
  v_members bigint[];
BEGIN
  WITH settled AS (
    DELETE FROM ttfd.xp_moves RETURNING xp, members
  )
  SELECT array_agg(s.xp), array_agg(s.members) INTO v_xp, v_members FROM settled s;
  IF v_xp IS NOT NULL THEN
    PERFORM ttfd.count_moves(v_xp, v_members);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_moves() IS 'Brings board_counts up to date with the moves that were made since. Expects feed_head locked.';
