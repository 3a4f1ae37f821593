-- A trigger keeps the version before and writes the audit log.
CREATE OR REPLACE FUNCTION ttfd.change_event_type(p_name text, p_changes jsonb)
RETURNS TABLE (
  name text, xp bigint, coins bigint, per_seconds integer, max_seconds integer, cooldown_seconds integer,
  daily_xp_cap bigint, stated_xp_max bigint, stated_coins_max bigint, allows_negative boolean, is_admin_only boolean,
  is_boostable boolean, counter text, is_enabled boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_rule event_types;
  v_may CONSTANT text[] := ARRAY['xp', 'coins', 'per_seconds', 'max_seconds', 'cooldown_seconds', 'daily_xp_cap', 'stated_xp_max',
                                 'stated_coins_max', 'is_boostable', 'is_enabled'];
BEGIN
  IF p_changes - v_may <> '{}' THEN
    RAISE EXCEPTION 'this cannot be changed: %', p_changes - v_may
      USING ERRCODE = 'invalid_parameter_value', HINT = format('Changeable are %s.', array_to_string(v_may, ', '));
  END IF;
  SELECT * INTO v_rule FROM event_types t WHERE t.name = p_name FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no event type "%"', p_name USING ERRCODE = 'no_data_found', HINT = 'list_event_types lists them.';
  END IF;
  v_rule := jsonb_populate_record(v_rule, p_changes);
  RETURN QUERY
  UPDATE event_types t
     SET xp = v_rule.xp, coins = v_rule.coins, per_seconds = v_rule.per_seconds, max_seconds = v_rule.max_seconds,
         cooldown_seconds = v_rule.cooldown_seconds, daily_xp_cap = v_rule.daily_xp_cap, stated_xp_max = v_rule.stated_xp_max,
         stated_coins_max = v_rule.stated_coins_max, is_boostable = v_rule.is_boostable, is_enabled = v_rule.is_enabled
   WHERE t.name = p_name
  RETURNING t.name, t.xp, t.coins, t.per_seconds, t.max_seconds, t.cooldown_seconds, t.daily_xp_cap, t.stated_xp_max,
            t.stated_coins_max, t.allows_negative, t.is_admin_only, t.is_boostable, t.counter, t.is_enabled;
END;
$$;

COMMENT ON FUNCTION ttfd.change_event_type(text, jsonb) IS
  'Changes what an event earns, for events that happen from now on; p_changes is an object of columns and new values, NULL for no limit. Returns the row as list_event_types does. Raises P0002 for an unknown type, 22023 for a column that cannot be changed, 23514, 23502, 22P02 or 22003 for a value that is not allowed. Audited.';

REVOKE ALL ON FUNCTION ttfd.change_event_type(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.change_event_type(text, jsonb) TO ttfd_admin;
