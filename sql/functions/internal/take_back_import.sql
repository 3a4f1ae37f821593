CREATE OR REPLACE FUNCTION ttfd.take_back_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET xp = u.xp - g.xp,
         xp_since = CASE WHEN (c.after ->> 'xp_since')::timestamptz = u.xp_since
                         THEN (c.before ->> 'xp_since')::timestamptz ELSE u.xp_since END,
         coins = u.coins - g.coins,
         games_played = greatest(0, u.games_played - g.games_played),
         games_won = greatest(0, u.games_won - g.games_won),
         total_voice_time = greatest(0, u.total_voice_time - g.total_voice_time),
         messages_sent = greatest(0, u.messages_sent - g.messages_sent),
         highest_rank_id = greatest(r.id, p.rank_id,
           CASE WHEN c.after IS NULL THEN 1
                WHEN u.highest_rank_id = (c.after ->> 'highest_rank_id')::smallint THEN (c.before ->> 'highest_rank_id')::smallint
                ELSE u.highest_rank_id END),
         daily_streak = ttfd.restore_value(c.before, c.after, 'daily_streak', u.daily_streak::text)::integer,
         last_daily = ttfd.restore_value(c.before, c.after, 'last_daily', u.last_daily::text)::date,
         created_at = CASE WHEN (c.after ->> 'created_at')::timestamptz = u.created_at
                           THEN (c.before ->> 'created_at')::timestamptz ELSE u.created_at END,
         last_active = CASE WHEN (c.after ->> 'last_active')::timestamptz = u.last_active
                            THEN (c.before ->> 'last_active')::timestamptz ELSE u.last_active END,
         primary_platform = ttfd.restore_value(c.before, c.after, 'primary_platform', u.primary_platform),
         achievements = CASE WHEN c.after IS NULL
                             THEN ARRAY(SELECT k.achievement FROM ttfd.user_achievements k WHERE k.user_id = u.id ORDER BY 1)
                             WHEN c.after -> 'achievements' = c.before -> 'achievements' THEN u.achievements
                             ELSE ARRAY(SELECT e.name
                                          FROM unnest(u.achievements) WITH ORDINALITY e (name, place)
                                         WHERE c.before -> 'achievements' ? e.name OR NOT c.after -> 'achievements' ? e.name
                                         ORDER BY e.place) END
    FROM ttfd.list_undone_members(p_run_id) m
    LEFT JOIN (SELECT t.user_id, sum(t.xp)::bigint AS xp, sum(t.coins)::bigint AS coins,
                      sum(t.games_played)::bigint AS games_played, sum(t.games_won)::bigint AS games_won,
                      sum(t.total_voice_time)::bigint AS total_voice_time, sum(t.messages_sent)::bigint AS messages_sent
                 FROM ttfd.import_grants t
                WHERE t.run_id = p_run_id
                GROUP BY t.user_id
              ) s ON s.user_id = m.user_id
   CROSS JOIN LATERAL (
           SELECT coalesce(s.xp, 0) AS xp, coalesce(s.coins, 0) AS coins, coalesce(s.games_played, 0) AS games_played,
                  coalesce(s.games_won, 0) AS games_won, coalesce(s.total_voice_time, 0) AS total_voice_time,
                  coalesce(s.messages_sent, 0) AS messages_sent) g
    JOIN ttfd.unified_users o ON o.id = m.user_id
    JOIN ttfd.list_rank_ranges() r ON r.rank_xp <= o.xp - g.xp AND o.xp - g.xp < coalesce(r.next_rank_xp, o.xp - g.xp + 1)
    LEFT JOIN ttfd.import_changes c ON c.run_id = p_run_id AND c.user_id = m.user_id
    LEFT JOIN (SELECT e.user_id, max((e.data ->> 'to_rank_id')::smallint) AS rank_id
                 FROM ttfd.cross_platform_events e
                WHERE e.event_type = 'rank_up'
                GROUP BY e.user_id) p ON p.user_id = m.user_id
   WHERE u.id = m.user_id;

  INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  SELECT ttfd.generate_event_id(), g.user_id, 'opening_balance', g.origin,
         jsonb_build_object('run_id', p_run_id, 'undone', true), -g.xp, -g.coins, ttfd.current_time()
    FROM ttfd.import_grants g
   WHERE g.run_id = p_run_id
     AND (g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent) <> (0, 0, 0, 0, 0, 0)
   ORDER BY g.user_id;

  -- What could not be taken stays contributed, by one of the accounts.
  WITH debts AS MATERIALIZED (
    SELECT g.user_id, g.origin, g.owed_xp, g.owed_coins
      FROM ttfd.import_grants g
     WHERE g.run_id = p_run_id AND (g.owed_xp, g.owed_coins) <> (0, 0)
  ), debtors AS MATERIALIZED (
    SELECT DISTINCT ON (d.user_id, d.origin) b.ctid AS place, d.owed_xp, d.owed_coins
      FROM debts d
      JOIN ttfd.unified_users o ON coalesce(o.merged_into, o.id) = d.user_id
      JOIN ttfd.import_balances b ON b.run_id = p_run_id AND b.user_id = o.id AND b.origin = d.origin
     ORDER BY d.user_id, d.origin, b.platform, b.external_id, b.part
  ), kept AS (
    UPDATE ttfd.import_balances b
       SET xp = d.owed_xp, coins = d.owed_coins, games_played = 0, games_won = 0, total_voice_time = 0, messages_sent = 0
      FROM debtors d
     WHERE b.ctid = d.place
  )
  DELETE FROM ttfd.import_balances b
   USING ttfd.unified_users o
   WHERE b.run_id = p_run_id AND o.id = b.user_id AND o.forgotten_at IS NULL
     AND b.ctid NOT IN (SELECT d.place FROM debtors d);
END;
$$;

COMMENT ON FUNCTION ttfd.take_back_import(bigint) IS
  'Takes back what measure_import_undo found, with events of its own, and restores what the run changed and nobody has changed since.';
