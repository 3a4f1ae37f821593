CREATE OR REPLACE FUNCTION ttfd.measure_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.import_grants
    (run_id, user_id, origin, xp, coins, games_played, games_won, total_voice_time, messages_sent, daily_streak, last_daily,
     achievements, other_achievements, created_at, last_active)
  SELECT p_run_id, g.user_id, g.origin, sum(g.xp), sum(g.coins), sum(g.games_played), sum(g.games_won),
         sum(g.total_voice_time), sum(g.messages_sent), max(g.daily_streak), max(g.last_daily), max(g.achievements),
         min(g.achievements) FILTER (WHERE g.achievements <> '{}'), min(g.created_at), max(g.last_active)
    FROM ttfd.list_import_gains(p_run_id) g
   GROUP BY g.user_id, g.origin;

  -- Few have several lists of achievements that differ: only these have to be united.
  UPDATE ttfd.import_grants t
     SET achievements = m.achievements
    FROM (SELECT g.user_id, array_agg(DISTINCT e.name ORDER BY e.name) AS achievements
            FROM ttfd.list_import_gains(p_run_id) g
           CROSS JOIN LATERAL unnest(g.achievements) e (name)
           WHERE g.user_id IN (SELECT o.user_id
                                 FROM ttfd.import_grants o
                                WHERE o.run_id = p_run_id
                                GROUP BY o.user_id
                               HAVING min(o.other_achievements) <> max(o.achievements))
           GROUP BY g.user_id) m
   WHERE t.run_id = p_run_id AND t.user_id = m.user_id;

  -- Nobody is put into debt: where the source fell below what it had given, and the member has spent the rest here, the
  -- accounts stay as they are and a person decides.
  UPDATE ttfd.import_grants t
     SET is_held = true, xp = 0, coins = 0, games_played = 0, games_won = 0, total_voice_time = 0, messages_sent = 0
    FROM (SELECT u.id
            FROM ttfd.import_grants g
            JOIN ttfd.unified_users u ON u.id = g.user_id
           WHERE g.run_id = p_run_id
           GROUP BY u.id
          HAVING u.xp + sum(g.xp) < 0 OR u.coins + sum(g.coins) < 0
              OR u.games_played + sum(g.games_played) < 0 OR u.games_won + sum(g.games_won) < 0
              OR u.total_voice_time + sum(g.total_voice_time) < 0 OR u.messages_sent + sum(g.messages_sent) < 0) s
   WHERE t.run_id = p_run_id AND t.user_id = s.id;

  INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username)
  SELECT p_run_id, 'amount_below_zero', i.source, i.source_key, i.platform, i.external_id, i.username
    FROM ttfd.import_identities i
   WHERE i.run_id = p_run_id AND i.row_id IS NOT NULL
     AND i.person IN (SELECT g.user_id FROM ttfd.import_grants g WHERE g.run_id = p_run_id AND g.is_held);
END;
$$;

COMMENT ON FUNCTION ttfd.measure_import(bigint) IS
  'Fills import_grants with what each member has gained since the runs before; those whose balance would fall below zero are held and become conflicts.';
