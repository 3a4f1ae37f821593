CREATE OR REPLACE FUNCTION ttfd.find_rank(p_xp bigint)
RETURNS TABLE (id smallint, rank_xp bigint, next_rank_xp bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT r.id,
         r.required_xp,
         (SELECT min(n.required_xp) FROM ttfd.ranks n WHERE n.required_xp > r.required_xp)
    FROM ttfd.ranks r
   WHERE r.required_xp <= p_xp
   ORDER BY r.required_xp DESC
   LIMIT 1;
$$;

COMMENT ON FUNCTION ttfd.find_rank(bigint) IS 'The rank that an amount of XP holds, with its threshold and the next one.';
