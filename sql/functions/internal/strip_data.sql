-- A list of what stays, because a sender may put anything into data: an id is as telling as a name.
CREATE OR REPLACE FUNCTION ttfd.strip_data(p_data jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}')
      FROM jsonb_each(CASE jsonb_typeof(p_data) WHEN 'object' THEN p_data ELSE '{}' END) e
     WHERE e.key IN ('xp', 'coins', 'seconds', 'idle_seconds', 'won', 'messages', 'games_played', 'games_won',
                     'run_id', 'merge_id', 'streak', 'bonus', 'freeze_used', 'fee',
                     'price', 'season_id', 'place', 'season_xp', 'from_rank_id', 'to_rank_id', 'events')
       AND jsonb_typeof(e.value) IN ('number', 'boolean')
        OR e.key = 'since' AND e.value #>> '{}' ~ '^\d{4}-\d\d-\d\dT[\d:.+-]+$');
END;
$$;

COMMENT ON FUNCTION ttfd.strip_data(jsonb) IS 'What of an event''s data is about amounts and nobody.';
