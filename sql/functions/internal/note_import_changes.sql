-- Members who gain nothing, and they are most when the same data come again, are not noted.
CREATE OR REPLACE FUNCTION ttfd.note_import_changes(p_run_id bigint)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  INSERT INTO ttfd.import_changes (run_id, user_id, before)
  SELECT p_run_id, u.id, ttfd.describe_import_change(u)
    FROM ttfd.list_import_totals(p_run_id) g
    JOIN ttfd.unified_users u ON u.id = g.user_id
   WHERE (g.xp, g.coins, g.games_played, g.games_won, g.total_voice_time, g.messages_sent) <> (0, 0, 0, 0, 0, 0)
      OR g.daily_streak > u.daily_streak
      OR g.last_daily > coalesce(u.last_daily, '-infinity')
      OR g.created_at < u.created_at
      OR g.last_active > u.last_active
      OR NOT g.achievements <@ u.achievements
      OR u.id IN (SELECT i.person FROM ttfd.import_identities i WHERE i.run_id = p_run_id AND i.user_id IS NULL);
$$;

COMMENT ON FUNCTION ttfd.note_import_changes(bigint) IS
  'Writes down, for undo_import, what the members were who were there before a run and whom it changes.';
