-- What was given is summed over the earlier runs: the same data again gains nothing.
CREATE OR REPLACE FUNCTION ttfd.list_import_gains(p_run_id bigint)
RETURNS TABLE (
  user_id bigint, origin text, part text, platform text, external_id text, is_first boolean, xp bigint, coins bigint,
  games_played bigint, games_won bigint, total_voice_time bigint, messages_sent bigint, daily_streak integer,
  last_daily date, achievements jsonb, created_at timestamptz, last_active timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT i.person, a.origin, a.part, a.platform, a.external_id, b.origin IS NULL,
         a.xp - coalesce(b.xp, 0), a.coins - coalesce(b.coins, 0), a.games_played - coalesce(b.games_played, 0),
         a.games_won - coalesce(b.games_won, 0), a.total_voice_time - coalesce(b.total_voice_time, 0),
         a.messages_sent - coalesce(b.messages_sent, 0), a.daily_streak, a.last_daily, a.achievements,
         a.created_at, a.last_active
    FROM ttfd.import_accounts a
    JOIN ttfd.import_identities i ON i.run_id = a.run_id AND i.platform = a.platform AND i.external_id = a.external_id
    LEFT JOIN (SELECT g.origin, g.part, g.platform, g.external_id, ttfd.add_up(g.xp) AS xp, ttfd.add_up(g.coins) AS coins,
                      ttfd.add_up(g.games_played) AS games_played, ttfd.add_up(g.games_won) AS games_won,
                      ttfd.add_up(g.total_voice_time) AS total_voice_time, ttfd.add_up(g.messages_sent) AS messages_sent
                 FROM ttfd.import_balances g
                GROUP BY g.origin, g.part, g.platform, g.external_id) b
      ON b.origin = a.origin AND b.part = a.part AND b.platform = a.platform AND b.external_id = a.external_id
   WHERE a.run_id = p_run_id;
$$;

COMMENT ON FUNCTION ttfd.list_import_gains(bigint) IS
  'What each part of each account of a run has gained since the runs before, whom it goes to, and whether it is new.';
