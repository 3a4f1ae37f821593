CREATE OR REPLACE FUNCTION ttfd.move_season_scores(p_scores jsonb, p_from_id bigint, p_to_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM ttfd.add_season_score(u.id, s.season_id, u.sign * s.xp, s.reached_at)
     FROM jsonb_to_recordset(p_scores) s (season_id integer, xp bigint, reached_at timestamptz)
     JOIN ttfd.seasons o ON o.id = s.season_id AND o.closed_at IS NULL
    CROSS JOIN (VALUES (p_from_id, -1), (p_to_id, 1)) u (id, sign);
  DELETE FROM ttfd.season_scores k WHERE k.user_id IN (p_from_id, p_to_id) AND k.xp = 0;
END;
$$;

COMMENT ON FUNCTION ttfd.move_season_scores(jsonb, bigint, bigint) IS
  'Moves scores (season_id, xp, reached_at) of open seasons from one member who is locked to another.';
