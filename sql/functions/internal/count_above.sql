CREATE OR REPLACE FUNCTION ttfd.count_above(p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint)
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_metric = 'xp' THEN
    RETURN (ttfd.count_xp_above(p_value, p_since, p_user_id)).above;
  END IF;
  RETURN (ttfd.count_scores_above(p_metric, p_value, p_since, p_user_id)).above;
END;
$$;

COMMENT ON FUNCTION ttfd.count_above(text, bigint, timestamptz, bigint) IS
  'How many members stand above a value of a metric; among equals who reached it first (xp, season) or has the lower id.';
