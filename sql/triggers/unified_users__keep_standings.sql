-- The one place that knows who came to an XP and who left it, whatever changed the member. Most updates are of one member
-- and that is quicker by itself (unified_users__keep_standing). Who updates many says so in ttfd.update_kind, and the statement
-- is dealt with as a set: bulk leaves moves; batch holds feed_head, and counts at once.
-- The plan settings are there because PostgreSQL knows nothing of the rows that a statement changed.
CREATE OR REPLACE FUNCTION ttfd.unified_users__keep_standings()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $$
DECLARE
  v_xp bigint[];
  v_members bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO xp_standings (minus_xp, since, user_id) SELECT -n.xp, n.xp_since, n.id FROM new_rows n WHERE n.is_listed ORDER BY 1, 2, 3;
    INSERT INTO xp_moves (xp, members) SELECT n.xp, count(*) FROM new_rows n WHERE n.is_listed GROUP BY n.xp;
    -- Whom an import makes, and gives something, it tells of by an event.
    INSERT INTO standing_changes (user_id, at)
    SELECT n.id, n.xp_since
      FROM new_rows n
     WHERE coalesce(current_setting('ttfd.update_kind', true), '') <> 'import'
       AND n.is_listed AND greatest(n.coins, n.messages_sent, n.total_voice_time, n.games_played, n.games_won, n.season_xp) > 0;
  ELSIF TG_OP = 'DELETE' THEN
    DELETE FROM xp_standings s
     USING old_rows o
     WHERE o.is_listed AND (s.minus_xp, s.since, s.user_id) = (-o.xp, o.xp_since, o.id);
    INSERT INTO xp_moves (xp, members) SELECT o.xp, -count(*) FROM old_rows o WHERE o.is_listed GROUP BY o.xp;
    INSERT INTO standing_changes (user_id, at) SELECT o.id, ttfd.current_time() FROM old_rows o;
  ELSE
    WITH changed AS MATERIALIZED (
      SELECT c.xp, c.since, c.user_id, sum(c.members) AS members
        FROM (SELECT o.xp, o.xp_since, o.id, -1 FROM old_rows o WHERE o.is_listed
               UNION ALL
              SELECT n.xp, n.xp_since, n.id, 1 FROM new_rows n WHERE n.is_listed) c (xp, since, user_id, members)
       GROUP BY c.xp, c.since, c.user_id
      HAVING sum(c.members) <> 0
    ), gone AS (
      DELETE FROM xp_standings s
       USING changed c
       WHERE c.members < 0 AND (s.minus_xp, s.since, s.user_id) = (-c.xp, c.since, c.user_id)
    ), come AS (
      INSERT INTO xp_standings (minus_xp, since, user_id)
      SELECT -c.xp, c.since, c.user_id FROM changed c WHERE c.members > 0
    )
    SELECT array_agg(m.xp), array_agg(m.members) INTO v_xp, v_members
      FROM (SELECT c.xp, sum(c.members) AS members FROM changed c GROUP BY c.xp HAVING sum(c.members) <> 0) m;
    IF current_setting('ttfd.update_kind', true) = 'batch' THEN
      PERFORM count_moves(v_xp, v_members);
    ELSE
      INSERT INTO xp_moves (xp, members) SELECT m.xp, m.members FROM unnest(v_xp, v_members) m (xp, members);
    END IF;
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__keep_standings() IS 'Keeps the leaderboard by XP in step with the members: xp_standings at once, board_counts by way of xp_moves. Of the others it notes who comes and goes.';

CREATE OR REPLACE TRIGGER keep_standings_inserted AFTER INSERT ON ttfd.unified_users
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.unified_users__keep_standings();

CREATE OR REPLACE TRIGGER keep_standings_updated AFTER UPDATE ON ttfd.unified_users
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT WHEN (current_setting('ttfd.update_kind', true) <> '')
  EXECUTE FUNCTION ttfd.unified_users__keep_standings();

CREATE OR REPLACE TRIGGER keep_standings_deleted AFTER DELETE ON ttfd.unified_users
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.unified_users__keep_standings();
