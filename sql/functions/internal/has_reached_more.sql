CREATE OR REPLACE FUNCTION ttfd.has_reached_more(p_before ttfd.unified_users, p_after ttfd.unified_users)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1
      FROM ttfd.achievements a
     WHERE ttfd.metric_value(p_before, a.metric) < a.threshold AND ttfd.metric_value(p_after, a.metric) >= a.threshold);
END;
$$;

COMMENT ON FUNCTION ttfd.has_reached_more(ttfd.unified_users, ttfd.unified_users) IS
  'Whether a member has come to the threshold of an achievement.';
