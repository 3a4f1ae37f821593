CREATE OR REPLACE FUNCTION ttfd.list_rank_ranges()
RETURNS TABLE (id smallint, rank_xp bigint, next_rank_xp bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT r.id, r.required_xp, lead(r.required_xp) OVER (ORDER BY r.required_xp) FROM ttfd.ranks r;
$$;

COMMENT ON FUNCTION ttfd.list_rank_ranges() IS 'All ranks as find_rank gives them, for statements about many members.';
