CREATE OR REPLACE FUNCTION ttfd.find_boost(p_user_id bigint, p_event_type text, p_platform text, p_at timestamptz)
RETURNS numeric
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT max(b.factor)
            FROM ttfd.boosts b
           WHERE p_at >= b.starts_at AND p_at < b.ends_at
             AND (b.event_types IS NULL OR p_event_type = ANY (b.event_types))
             AND (b.platforms IS NULL OR p_platform = ANY (b.platforms))
             AND (b.user_id IS NULL OR b.user_id = p_user_id));
END;
$$;

COMMENT ON FUNCTION ttfd.find_boost(bigint, text, text, timestamptz) IS
  'The greatest factor that applies to an event; NULL when none does.';
