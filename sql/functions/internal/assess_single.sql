-- assess_event for one event. A bot sends message after message that states nothing the rules read: for those the answer is
-- the rule itself, at a fifth of the price.
CREATE OR REPLACE FUNCTION ttfd.assess_single(
  p_rule ttfd.event_type_versions, p_data jsonb,
  OUT xp bigint, OUT coins bigint, OUT seconds bigint, OUT is_idle boolean, OUT error text)
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  IF p_rule.per_seconds IS NULL AND jsonb_typeof(p_data) = 'object'
     AND NOT p_data ?| '{xp,coins,seconds,idle_seconds,won}' THEN
    xp := p_rule.xp;
    coins := p_rule.coins;
    is_idle := false;
  ELSE
    SELECT g.xp, g.coins, g.seconds, g.is_idle, g.error INTO xp, coins, seconds, is_idle, error
      FROM ttfd.assess_event(p_rule, p_data) g;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.assess_single(ttfd.event_type_versions, jsonb) IS
  'What assess_event says, for a single event.';
