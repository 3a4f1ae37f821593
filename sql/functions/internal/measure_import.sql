-- What each part of an account has gained since the last run: running the same data again finds nothing.
CREATE OR REPLACE FUNCTION ttfd.measure_import(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.import_accounts a
     SET user_id = i.user_id,
         new_xp = a.xp - coalesce(b.xp, 0),
         new_coins = a.coins - coalesce(b.coins, 0),
         new_games_played = a.games_played - coalesce(b.games_played, 0),
         new_games_won = a.games_won - coalesce(b.games_won, 0),
         new_voice_time = a.total_voice_time - coalesce(b.total_voice_time, 0),
         new_messages = a.messages_sent - coalesce(b.messages_sent, 0)
    FROM ttfd.import_accounts s
    JOIN ttfd.import_identities i
      ON i.run_id = s.run_id AND i.platform = s.platform AND i.external_id = s.external_id
    LEFT JOIN ttfd.import_balances b
      ON b.origin = s.origin AND b.part = s.part AND b.platform = s.platform AND b.external_id = s.external_id
   WHERE s.run_id = p_run_id
     AND a.run_id = p_run_id AND (a.origin, a.part, a.platform, a.external_id) = (s.origin, s.part, s.platform, s.external_id);

  -- Nobody is put into debt: where the source fell below what it had given, and the member has spent the rest here, the
  -- account stays as it is and a person decides.
  WITH short AS (
    SELECT u.id
      FROM ttfd.import_accounts a
      JOIN ttfd.unified_users u ON u.id = a.user_id
     WHERE a.run_id = p_run_id
     GROUP BY u.id
    HAVING u.xp + sum(a.new_xp) < 0 OR u.coins + sum(a.new_coins) < 0
        OR u.games_played + sum(a.new_games_played) < 0 OR u.games_won + sum(a.new_games_won) < 0
        OR u.total_voice_time + sum(a.new_voice_time) < 0 OR u.messages_sent + sum(a.new_messages) < 0
  ), held AS (
    UPDATE ttfd.import_accounts a
       SET new_xp = 0, new_coins = 0, new_games_played = 0, new_games_won = 0, new_voice_time = 0, new_messages = 0
      FROM short s
     WHERE a.run_id = p_run_id AND a.user_id = s.id
    RETURNING a.source, a.source_key, a.platform, a.external_id, a.username
  )
  INSERT INTO ttfd.import_conflicts (run_id, reason, source, source_key, platform, external_id, username)
  SELECT p_run_id, 'amount_below_zero', h.source, h.source_key, h.platform, h.external_id, h.username
    FROM held h;
END;
$$;

COMMENT ON FUNCTION ttfd.measure_import(bigint) IS
  'Computes what each account of a run has gained since the run before; accounts that would leave a balance below zero are kept as they are and become conflicts.';
