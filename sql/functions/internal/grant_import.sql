-- The gains become ledger events, balances and the memory for the next run. Ranks follow XP; the statement raises
-- highest_rank_id itself, so that no reward is paid.
CREATE OR REPLACE FUNCTION ttfd.grant_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  SELECT ttfd.generate_event_id(), g.user_id, 'opening_balance', g.origin,
         jsonb_strip_nulls(jsonb_build_object(
           'run_id', p_run_id, 'games_played', nullif(g.games_played, 0), 'games_won', nullif(g.games_won, 0),
           'seconds', nullif(g.voice_time, 0), 'messages', nullif(g.messages, 0))),
         g.xp, g.coins, ttfd.current_time()
    FROM (SELECT a.user_id, a.origin, sum(a.new_xp)::bigint AS xp, sum(a.new_coins)::bigint AS coins,
                 sum(a.new_games_played) AS games_played, sum(a.new_games_won) AS games_won,
                 sum(a.new_voice_time) AS voice_time, sum(a.new_messages) AS messages
            FROM ttfd.import_accounts a
           WHERE a.run_id = p_run_id
             AND (a.new_xp, a.new_coins, a.new_games_played, a.new_games_won, a.new_voice_time, a.new_messages)
                 <> (0, 0, 0, 0, 0, 0)
           GROUP BY a.user_id, a.origin) g
   ORDER BY g.user_id;

  UPDATE ttfd.unified_users u
     SET xp = u.xp + g.xp,
         xp_since = CASE WHEN g.xp = 0 THEN u.xp_since
                         WHEN u.xp = 0 THEN coalesce(g.last_active, u.xp_since)
                         ELSE greatest(u.xp_since, ttfd.current_time()) END,
         coins = u.coins + g.coins,
         highest_rank_id = greatest(u.highest_rank_id, (SELECT r.id FROM ttfd.find_rank(u.xp + g.xp) r)),
         games_played = u.games_played + g.games_played,
         games_won = u.games_won + g.games_won,
         total_voice_time = u.total_voice_time + g.voice_time,
         messages_sent = u.messages_sent + g.messages,
         daily_streak = greatest(u.daily_streak, g.daily_streak),
         last_daily = greatest(u.last_daily, g.last_daily),
         created_at = least(u.created_at, g.created_at),
         last_active = greatest(u.last_active, g.last_active)
    FROM (SELECT a.user_id, sum(a.new_xp)::bigint AS xp, sum(a.new_coins)::bigint AS coins,
                 sum(a.new_games_played)::bigint AS games_played, sum(a.new_games_won)::bigint AS games_won,
                 sum(a.new_voice_time)::bigint AS voice_time, sum(a.new_messages)::bigint AS messages,
                 max(a.daily_streak) AS daily_streak, max(a.last_daily) AS last_daily,
                 min(a.created_at) AS created_at, max(a.last_active) AS last_active
            FROM ttfd.import_accounts a
           WHERE a.run_id = p_run_id
           GROUP BY a.user_id) g
   WHERE u.id = g.user_id;

  UPDATE ttfd.unified_users u
     SET achievements = g.achievements
    FROM (SELECT e.user_id, array_agg(DISTINCT e.name ORDER BY e.name) AS achievements
            FROM (SELECT a.user_id, unnest(a.achievements) AS name FROM ttfd.import_accounts a WHERE a.run_id = p_run_id
                   UNION ALL
                  SELECT o.id, unnest(o.achievements)
                    FROM ttfd.unified_users o
                   WHERE o.id IN (SELECT a.user_id FROM ttfd.import_accounts a
                                   WHERE a.run_id = p_run_id AND a.achievements <> '{}')) e
           GROUP BY e.user_id) g
   WHERE u.id = g.user_id AND u.achievements <> g.achievements;

  PERFORM ttfd.settle_achievements(ARRAY(SELECT DISTINCT a.user_id FROM ttfd.import_accounts a WHERE a.run_id = p_run_id), false);

  INSERT INTO ttfd.import_balances AS b
    (origin, part, platform, external_id, user_id, run_id, xp, coins, games_played, games_won, total_voice_time, messages_sent)
  SELECT a.origin, a.part, a.platform, a.external_id, a.user_id, p_run_id, a.new_xp, a.new_coins, a.new_games_played,
         a.new_games_won, a.new_voice_time, a.new_messages
    FROM ttfd.import_accounts a
   WHERE a.run_id = p_run_id
  ON CONFLICT (origin, part, platform, external_id) DO UPDATE
    SET user_id = EXCLUDED.user_id, run_id = EXCLUDED.run_id,
        xp = b.xp + EXCLUDED.xp, coins = b.coins + EXCLUDED.coins,
        games_played = b.games_played + EXCLUDED.games_played, games_won = b.games_won + EXCLUDED.games_won,
        total_voice_time = b.total_voice_time + EXCLUDED.total_voice_time,
        messages_sent = b.messages_sent + EXCLUDED.messages_sent
    WHERE b.user_id <> EXCLUDED.user_id
       OR (EXCLUDED.xp, EXCLUDED.coins, EXCLUDED.games_played, EXCLUDED.games_won, EXCLUDED.total_voice_time,
           EXCLUDED.messages_sent) <> (0, 0, 0, 0, 0, 0);
END;
$$;

COMMENT ON FUNCTION ttfd.grant_import(bigint) IS
  'Grants what measure_import found: events opening_balance, balances, counters, dates, achievements.';
