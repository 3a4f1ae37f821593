CREATE OR REPLACE FUNCTION ttfd.list_games()
RETURNS TABLE (
  game text, choices integer, asks_questions boolean, win_xp bigint, loss_xp bigint, factor integer, max_bet bigint,
  cooldown_seconds integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT g.name, g.choices, g.asks_questions, g.win_xp, g.loss_xp, g.factor, g.max_bet, g.cooldown_seconds
    FROM games g
   WHERE g.is_enabled
   ORDER BY g.name;
$$;

COMMENT ON FUNCTION ttfd.list_games() IS
  'The games that can be played. Returns game, choices (numbers to choose from; NULL where nothing is chosen), asks_questions, win_xp, loss_xp, factor (a winner gets the bet so many times), max_bet, cooldown_seconds.';

REVOKE ALL ON FUNCTION ttfd.list_games() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_games() TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
