-- Rank follows XP here and nowhere else. The rewards of all ranks newly reached are paid at once, as an event of their
-- own, so that the ledger has them. A statement that raises highest_rank_id itself (an import, a merge) pays nothing.
-- The WHEN clauses look at the row alone: almost every award stays within its rank and never gets here.
CREATE OR REPLACE FUNCTION ttfd.unified_users__follow_rank()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_reward bigint;
  v_from smallint := NEW.highest_rank_id;
BEGIN
  IF NEW.xp < 0 THEN
    RETURN NEW;  -- The CHECK on the column refuses it, in its own words.
  END IF;
  SELECT r.id, r.rank_xp, r.next_rank_xp INTO NEW.rank_id, NEW.rank_xp, NEW.next_rank_xp FROM find_rank(NEW.xp) r;
  IF NEW.rank_id <= NEW.highest_rank_id THEN
    RETURN NEW;
  END IF;
  NEW.highest_rank_id := NEW.rank_id;
  IF TG_OP = 'UPDATE' THEN
    SELECT sum(r.coins) INTO v_reward FROM ranks r WHERE r.id > v_from AND r.id <= NEW.rank_id;
    NEW.coins := NEW.coins + v_reward;
    INSERT INTO cross_platform_events_pending (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
    VALUES (generate_event_id(), NEW.id, 'rank_up', 'system',
            jsonb_build_object('from_rank_id', v_from, 'to_rank_id', NEW.rank_id), 0, v_reward, ttfd.current_time());
  END IF;
  RETURN NEW;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__follow_rank() IS
  'Sets the rank that XP holds, and pays each newly reached rank once, as an event rank_up.';

CREATE OR REPLACE TRIGGER follow_rank BEFORE UPDATE OF xp ON ttfd.unified_users
  FOR EACH ROW WHEN (NEW.xp >= NEW.next_rank_xp OR NEW.xp < NEW.rank_xp)
  EXECUTE FUNCTION ttfd.unified_users__follow_rank();

-- Who writes the top rank knows what he writes: nothing follows it, as nothing yet follows the first rank of a new member.
CREATE OR REPLACE TRIGGER take_rank BEFORE INSERT ON ttfd.unified_users
  FOR EACH ROW WHEN ((NEW.xp >= NEW.rank_xp AND (NEW.xp < NEW.next_rank_xp OR NEW.next_rank_xp IS NULL AND NEW.rank_xp > 0)) IS NOT TRUE)
  EXECUTE FUNCTION ttfd.unified_users__follow_rank();
