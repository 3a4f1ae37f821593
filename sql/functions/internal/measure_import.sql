CREATE OR REPLACE FUNCTION ttfd.measure_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH gains AS MATERIALIZED (
    SELECT * FROM ttfd.list_import_gains(p_run_id)
  ), contributed AS (
    INSERT INTO ttfd.import_balances
      (origin, part, platform, external_id, user_id, run_id, xp, coins, games_played, games_won, total_voice_time, messages_sent)
    SELECT g.origin, g.part, g.platform, g.external_id, g.user_id, p_run_id, g.xp, g.coins, g.games_played, g.games_won,
           g.total_voice_time, g.messages_sent
      FROM gains g
     WHERE (g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent) <> (0, 0, 0, 0, 0, 0)
     ORDER BY g.user_id
  ), achieved AS (
    SELECT a.user_id, array_agg(DISTINCT e.name ORDER BY e.name) AS names
      FROM gains a
     CROSS JOIN LATERAL jsonb_array_elements_text(
             CASE jsonb_typeof(a.achievements)
               WHEN 'array' THEN a.achievements
               WHEN 'object' THEN jsonb_path_query_array(a.achievements, '$.keyvalue().key')
               ELSE '[]' END) e (name)
     WHERE a.achievements IS NOT NULL AND e.name IS NOT NULL
     GROUP BY a.user_id
  )
  INSERT INTO ttfd.import_grants
    (run_id, user_id, origin, xp, coins, games_played, games_won, total_voice_time, messages_sent, daily_streak, last_daily,
     achievements, created_at, last_active)
  SELECT p_run_id, g.user_id, g.origin, g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent,
         g.daily_streak, g.last_daily, coalesce(l.names, '{}'), g.created_at, g.last_active
    FROM (SELECT t.user_id, t.origin, ttfd.add_up(t.xp) AS xp, ttfd.add_up(t.coins) AS coins, ttfd.add_up(t.games_played) AS games_played,
                 ttfd.add_up(t.games_won) AS games_won, ttfd.add_up(t.total_voice_time) AS total_voice_time,
                 ttfd.add_up(t.messages_sent) AS messages_sent, max(t.daily_streak) AS daily_streak, max(t.last_daily) AS last_daily,
                 min(t.created_at) AS created_at, max(t.last_active) AS last_active
            FROM gains t
           GROUP BY t.user_id, t.origin) g
    LEFT JOIN achieved l ON l.user_id = g.user_id;
  ANALYZE ttfd.import_grants;

  -- Nobody is put into debt: where the source fell below what it had given, and the member has spent the rest here, the
  -- accounts stay as they are and a person decides.
  WITH indebted AS MATERIALIZED (
    SELECT u.id
      FROM ttfd.import_grants g
      JOIN ttfd.unified_users u ON u.id = g.user_id
     WHERE g.run_id = p_run_id
     GROUP BY u.id
    HAVING u.xp + sum(g.xp) < 0 OR u.coins + sum(g.coins) < 0
        OR u.games_played + sum(g.games_played) < 0 OR u.games_won + sum(g.games_won) < 0
        OR u.total_voice_time + sum(g.total_voice_time) < 0 OR u.messages_sent + sum(g.messages_sent) < 0
  )
  UPDATE ttfd.import_grants t
     SET is_held = true, xp = 0, coins = 0, games_played = 0, games_won = 0, total_voice_time = 0, messages_sent = 0
    FROM indebted s
   WHERE t.run_id = p_run_id AND t.user_id = s.id;
  DELETE FROM ttfd.import_balances b
   WHERE b.run_id = p_run_id
     AND b.user_id IN (SELECT h.user_id FROM ttfd.import_grants h WHERE h.run_id = p_run_id AND h.is_held);

  INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username)
  SELECT p_run_id, 'amount_below_zero', i.source, i.source_key, i.platform, i.external_id, i.username
    FROM ttfd.import_identities i
   WHERE i.run_id = p_run_id AND i.row_id IS NOT NULL
     AND i.person IN (SELECT g.user_id FROM ttfd.import_grants g WHERE g.run_id = p_run_id AND g.is_held);
END;
$$;

COMMENT ON FUNCTION ttfd.measure_import(bigint) IS
  'Fills import_balances and import_grants with what each account and each member has gained since the runs before; those whose balance would fall below zero are held and become conflicts.';
