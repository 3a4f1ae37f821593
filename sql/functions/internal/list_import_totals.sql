CREATE OR REPLACE FUNCTION ttfd.list_import_totals(p_run_id bigint)
RETURNS TABLE (
  user_id bigint, xp bigint, coins bigint, games_played bigint, games_won bigint, total_voice_time bigint,
  messages_sent bigint, daily_streak integer, last_daily date, achievements text[], created_at timestamptz,
  last_active timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT g.user_id, ttfd.add_up(g.xp), ttfd.add_up(g.coins), ttfd.add_up(g.games_played), ttfd.add_up(g.games_won),
         ttfd.add_up(g.total_voice_time), ttfd.add_up(g.messages_sent), max(g.daily_streak), max(g.last_daily),
         max(g.achievements), min(g.created_at), max(g.last_active)
    FROM ttfd.import_grants g
   WHERE g.run_id = p_run_id
   GROUP BY g.user_id;
$$;

COMMENT ON FUNCTION ttfd.list_import_totals(bigint) IS 'What each member gains in a run, over all origins.';
