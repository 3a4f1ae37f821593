-- What unified_users__keep_standings does for many, for one member who is updated alone.
CREATE OR REPLACE FUNCTION ttfd.unified_users__keep_standing()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF (OLD.xp, OLD.xp_since, OLD.is_listed) = (NEW.xp, NEW.xp_since, NEW.is_listed) THEN
    RETURN NULL;
  END IF;
  IF OLD.is_listed THEN
    DELETE FROM xp_standings s WHERE (s.minus_xp, s.since, s.user_id) = (-OLD.xp, OLD.xp_since, OLD.id);
  END IF;
  IF NEW.is_listed THEN
    INSERT INTO xp_standings (minus_xp, since, user_id) VALUES (-NEW.xp, NEW.xp_since, NEW.id);
  END IF;
  INSERT INTO xp_moves (xp, members)
  SELECT m.xp, m.members
    FROM (VALUES (OLD.xp, -OLD.is_listed::integer), (NEW.xp, NEW.is_listed::integer)) m (xp, members)
   WHERE m.members <> 0;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__keep_standing() IS
  'Keeps the leaderboard by XP in step with a member who is updated alone.';

-- The columns decide before anything is called; the clause is short, because it is parsed anew for every statement.
CREATE OR REPLACE TRIGGER keep_standing AFTER UPDATE OF xp, xp_since, is_hidden, merged_into, forgotten_at, is_listed ON ttfd.unified_users
  FOR EACH ROW WHEN (coalesce(current_setting('ttfd.update_kind', true), '') = '')
  EXECUTE FUNCTION ttfd.unified_users__keep_standing();
