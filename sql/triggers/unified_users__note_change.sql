-- What an event changes is found in the queue or behind settled_to. A batch does nothing else; of single members the clause knows it by
-- the time of the last activity, which moves along: a wrong guess costs a row that was not needed. A score that makes room for
-- that of the next season counts as before (keep_past_seasons).
CREATE OR REPLACE FUNCTION ttfd.unified_users__note_change()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF (OLD.is_listed, OLD.coins, OLD.messages_sent, OLD.total_voice_time, OLD.games_played, OLD.games_won)
     <> (NEW.is_listed, NEW.coins, NEW.messages_sent, NEW.total_voice_time, NEW.games_played, NEW.games_won)
     OR (OLD.season_id, OLD.season_xp, OLD.season_reached_at) IS DISTINCT FROM (NEW.season_id, NEW.season_xp, NEW.season_reached_at)
        AND (NEW.season_id = OLD.season_id OR NEW.season_xp > 0) THEN
    INSERT INTO standing_changes (user_id, at) VALUES (NEW.id, ttfd.current_time());
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__note_change() IS
  'Notes that a member''s place on the leaderboards other than by XP has changed, where no event may tell.';

CREATE OR REPLACE TRIGGER note_change
  AFTER UPDATE OF coins, messages_sent, total_voice_time, games_played, games_won, season_id, season_xp, season_reached_at,
                  is_hidden, merged_into, forgotten_at, is_listed
  ON ttfd.unified_users
  FOR EACH ROW WHEN (NEW.last_active = OLD.last_active AND current_setting('ttfd.update_kind', true) IS DISTINCT FROM 'batch')
  EXECUTE FUNCTION ttfd.unified_users__note_change();
