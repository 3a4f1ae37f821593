-- What one event might earn before cooldowns and caps, or why it cannot be applied. It answers with a code instead of
-- raising, so that a batch sorts out bad rows as a set. The planner inlines it; OFFSET 0 keeps each step from being copied
-- into all places that use it, which makes the plan a hundred times larger.
CREATE OR REPLACE FUNCTION ttfd.assess_event(p_type ttfd.event_type_versions, p_data jsonb)
RETURNS TABLE (xp bigint, coins bigint, seconds bigint, is_idle boolean, error text)
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN e.error IS NOT NULL THEN 0
              WHEN p_data ? 'xp' THEN (p_data -> 'xp')::bigint
              WHEN p_type.per_seconds IS NULL THEN p_type.xp
              ELSE p_type.xp * (least(t.seconds - t.idle, p_type.max_seconds) / p_type.per_seconds)
         END,
         CASE WHEN e.error IS NOT NULL THEN 0
              WHEN p_data ? 'coins' THEN (p_data -> 'coins')::bigint
              WHEN p_type.per_seconds IS NULL THEN p_type.coins
              ELSE p_type.coins * (least(t.seconds - t.idle, p_type.max_seconds) / p_type.per_seconds)
         END,
         CASE WHEN e.error IS NULL THEN least(t.seconds, p_type.max_seconds) END,
         e.error IS NULL AND t.idle > 0,
         e.error
    FROM (SELECT CASE
                   WHEN pg_catalog.jsonb_typeof(p_data) <> 'object' THEN '22023'
                   WHEN p_data ? 'xp' THEN ttfd.assess_stated(p_data -> 'xp', p_type.stated_xp_max, p_type.allows_negative)
                 END,
                 CASE
                   WHEN p_data ? 'coins' THEN ttfd.assess_stated(p_data -> 'coins', p_type.stated_coins_max, p_type.allows_negative)
                 END,
                 CASE
                   WHEN p_type.per_seconds IS NOT NULL AND NOT p_data ? 'seconds' THEN '22023'
                   WHEN p_data ? 'seconds' THEN ttfd.assess_seconds(p_data -> 'seconds')
                 END,
                 CASE WHEN p_data ? 'idle_seconds' THEN ttfd.assess_seconds(p_data -> 'idle_seconds') END,
                 CASE
                   WHEN p_type.counter = 'games' AND p_data ? 'won' AND pg_catalog.jsonb_typeof(p_data -> 'won') <> 'boolean'
                   THEN '22023'
                 END
          OFFSET 0
         ) AS c (xp, coins, seconds, idle, won)
   CROSS JOIN LATERAL (SELECT coalesce(c.xp, c.coins, c.seconds, c.idle, c.won) OFFSET 0) AS e (error)
   CROSS JOIN LATERAL (
           SELECT CASE WHEN e.error IS NULL AND p_data ? 'seconds' THEN floor((p_data -> 'seconds')::numeric)::bigint END,
                  CASE WHEN e.error IS NULL AND p_data ? 'idle_seconds'
                       THEN least(ceil((p_data -> 'idle_seconds')::numeric), floor((p_data -> 'seconds')::numeric))::bigint
                       ELSE 0
                  END
          OFFSET 0
         ) AS t (seconds, idle);
$$;

COMMENT ON FUNCTION ttfd.assess_event(ttfd.event_type_versions, jsonb) IS
  'XP and coins that an event might earn, its counted seconds, whether part of them was idle, or the SQLSTATE that says why it cannot be applied.';
