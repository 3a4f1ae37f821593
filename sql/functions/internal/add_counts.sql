-- Who goes from one branch to another changes only what lies between the two, so this goes from the right to the left and
-- touches no element where the changes so far cancel out.
CREATE OR REPLACE FUNCTION ttfd.add_counts(p_members integer[], p_branches integer[], p_more bigint[])
RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
  v_more bigint := 0;
BEGIN
  FOR v_at IN 1..cardinality(p_branches) LOOP
    v_more := v_more + p_more[v_at];
    CONTINUE WHEN v_more = 0;
    FOR v_branch IN coalesce(p_branches[v_at + 1], 0) + 1..p_branches[v_at] LOOP
      p_members[v_branch] := p_members[v_branch] + v_more;
    END LOOP;
  END LOOP;
  RETURN p_members;
END;
$$;

COMMENT ON FUNCTION ttfd.add_counts(integer[], integer[], bigint[]) IS
  'The members of a node of board_counts, when as many more come to each of the named branches, the last of them first.';
