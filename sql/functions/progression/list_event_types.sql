CREATE OR REPLACE FUNCTION ttfd.list_event_types()
RETURNS TABLE (
  name text, xp bigint, coins bigint, per_seconds integer, max_seconds integer, cooldown_seconds integer,
  daily_xp_cap bigint, stated_xp_max bigint, stated_coins_max bigint, allows_negative boolean, is_admin_only boolean,
  is_boostable boolean, counter text, is_enabled boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT t.name, t.xp, t.coins, t.per_seconds, t.max_seconds, t.cooldown_seconds, t.daily_xp_cap, t.stated_xp_max,
         t.stated_coins_max, t.allows_negative, t.is_admin_only, t.is_boostable, t.counter, t.is_enabled
    FROM event_types t
   ORDER BY t.is_admin_only, t.name;
$$;

COMMENT ON FUNCTION ttfd.list_event_types() IS
  'The rules of what events earn. Returns name, xp, coins, per_seconds, max_seconds, cooldown_seconds, daily_xp_cap, stated_xp_max, stated_coins_max, allows_negative, is_admin_only, is_boostable, counter, is_enabled: the columns of event_types.';

REVOKE ALL ON FUNCTION ttfd.list_event_types() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_event_types() TO ttfd_admin;
