-- New members have their amounts already; those who were there before get theirs here. Ranks follow XP; the statement raises
-- highest_rank_id itself, so that no reward is paid.
CREATE OR REPLACE FUNCTION ttfd.grant_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET xp = u.xp + g.xp,
         xp_since = CASE WHEN g.xp = 0 THEN u.xp_since
                         WHEN u.xp = 0 THEN coalesce(g.last_active, u.xp_since)
                         ELSE greatest(u.xp_since, ttfd.current_time()) END,
         coins = u.coins + g.coins,
         highest_rank_id = greatest(u.highest_rank_id, r.id),
         games_played = u.games_played + g.games_played,
         games_won = u.games_won + g.games_won,
         total_voice_time = u.total_voice_time + g.total_voice_time,
         messages_sent = u.messages_sent + g.messages_sent,
         daily_streak = greatest(u.daily_streak, g.daily_streak),
         last_daily = greatest(u.last_daily, g.last_daily),
         created_at = least(u.created_at, g.created_at),
         last_active = greatest(u.last_active, g.last_active),
         achievements = CASE WHEN g.achievements <@ u.achievements THEN u.achievements
                             ELSE ARRAY(SELECT unnest(u.achievements) UNION SELECT unnest(g.achievements) ORDER BY 1) END
    FROM ttfd.import_changes c
    JOIN ttfd.list_import_totals(p_run_id) g ON g.user_id = c.user_id
    JOIN ttfd.unified_users o ON o.id = c.user_id
    JOIN ttfd.list_rank_ranges() r ON r.rank_xp <= o.xp + g.xp AND o.xp + g.xp < coalesce(r.next_rank_xp, o.xp + g.xp + 1)
   WHERE c.run_id = p_run_id AND u.id = c.user_id;

  PERFORM ttfd.show_import_achievements(p_run_id);

  UPDATE ttfd.import_changes c
     SET after = ttfd.describe_import_change(u)
    FROM ttfd.unified_users u
   WHERE c.run_id = p_run_id AND u.id = c.user_id;

  INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  SELECT ttfd.generate_event_id(), g.user_id, 'opening_balance', g.origin,
         jsonb_strip_nulls(jsonb_build_object(
           'run_id', p_run_id, 'games_played', nullif(g.games_played, 0), 'games_won', nullif(g.games_won, 0),
           'seconds', nullif(g.total_voice_time, 0), 'messages', nullif(g.messages_sent, 0))),
         g.xp, g.coins, ttfd.current_time()
    FROM ttfd.import_grants g
   WHERE g.run_id = p_run_id
     AND (g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent) <> (0, 0, 0, 0, 0, 0)
   ORDER BY g.user_id;

END;
$$;

COMMENT ON FUNCTION ttfd.grant_import(bigint) IS
  'Grants what measure_import found to members who were there before, and writes the events opening_balance of all.';
