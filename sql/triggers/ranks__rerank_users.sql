-- An administrator who moves a threshold moves the members with it. A rank that falls into somebody's lap this way is
-- settled without a reward: rewards are for climbing.
CREATE OR REPLACE FUNCTION ttfd.ranks__rerank_users()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ranks r WHERE r.required_xp = 0) THEN
    RAISE EXCEPTION 'one of the ranks has to hold from 0 XP'
      USING ERRCODE = 'check_violation', HINT = 'Everybody has a rank, new members too.';
  END IF;
  PERFORM audit('ranks_changed', NULL, (SELECT jsonb_agg(r ORDER BY r.id) FROM ranks r));
  UPDATE unified_users u
     SET rank_id = r.id, rank_xp = r.rank_xp, next_rank_xp = r.next_rank_xp,
         highest_rank_id = greatest(u.highest_rank_id, r.id)
    FROM unified_users o
   CROSS JOIN LATERAL find_rank(o.xp) r
   WHERE o.id = u.id
     AND (u.rank_id, u.rank_xp, u.next_rank_xp) IS DISTINCT FROM (r.id, r.rank_xp, r.next_rank_xp);
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.ranks__rerank_users() IS 'Gives every member the rank that the changed ladder says. Audited. Raises 23514 when no rank holds from 0 XP.';

CREATE OR REPLACE TRIGGER rerank_users AFTER INSERT OR UPDATE OR DELETE ON ttfd.ranks
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.ranks__rerank_users();
