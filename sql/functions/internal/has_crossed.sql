CREATE OR REPLACE FUNCTION ttfd.has_crossed(p_goals bigint[], p_value bigint, p_added bigint)
RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT p_added > 0 AND pg_catalog.width_bucket(p_value, p_goals) > pg_catalog.width_bucket(p_value - p_added, p_goals);
$$;

COMMENT ON FUNCTION ttfd.has_crossed(bigint[], bigint, bigint) IS
  'Whether one of the goals, in ascending order, was reached by what was added to make the value.';
