CREATE OR REPLACE FUNCTION ttfd.standing_since(
  p_since timestamptz, p_is_same boolean, p_moved_at timestamptz, p_touched_at timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_moved_at IS NOT NULL THEN greatest(p_since, p_moved_at)
              WHEN p_is_same THEN p_since
              ELSE greatest(p_since, p_touched_at)
         END;
$$;

COMMENT ON FUNCTION ttfd.standing_since(timestamptz, boolean, timestamptz, timestamptz) IS
  'Since when a member stands where they do: given since when so far, whether the value is the same, when it was moved, and when something happened that may have moved it.';
