-- Generated from sql/functions/progression by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

CREATE OR REPLACE FUNCTION ttfd.get_position(p_user_id bigint, p_metric text DEFAULT 'xp')
RETURNS TABLE ("position" bigint, value bigint, total bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_id bigint;
BEGIN
  PERFORM require_metric(p_metric);
  SELECT u.id, m.value INTO v_id, value
    FROM unified_users asked
    JOIN unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
   CROSS JOIN LATERAL metric_value(u, p_metric) m (value)
   WHERE asked.id = p_user_id AND u.forgotten_at IS NULL;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  "position" := count_above(p_metric, value, v_id) + 1;
  total := (SELECT count(*) FROM unified_users u WHERE u.merged_into IS NULL AND u.forgotten_at IS NULL);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_position(bigint, text) IS
  'Where a member stands by a metric (see list_leaderboard). Returns position, value, total (members listed). Raises TU001 when there is no such user, 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.get_position(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_position(bigint, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

CREATE OR REPLACE FUNCTION ttfd.list_history(p_user_id bigint, p_before bigint DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (
  "position" bigint, event_type text, source_platform text, xp bigint, coins bigint, note text, occurred_at timestamptz,
  event_id uuid, data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT coalesce(u.merged_into, u.id) INTO v_user_id FROM unified_users u WHERE u.id = p_user_id AND u.forgotten_at IS NULL;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  RETURN QUERY
  SELECT e.position, e.event_type, e.source_platform, e.xp, e.coins, e.note, e.occurred_at, e.id, e.data
    FROM cross_platform_events_processed e
   WHERE e.user_id = v_user_id
     AND e.position < coalesce(p_before, 9223372036854775807)
   ORDER BY e.position DESC
   LIMIT least(greatest(p_limit, 0), 1000);
END;
$$;

COMMENT ON FUNCTION ttfd.list_history(bigint, bigint, integer) IS
  'What a member''s balance is made of, newest first: every applied event with what it granted and the note why not more (cooldown, daily_cap, idle, disabled). Returns position, event_type, source_platform, xp, coins, note, occurred_at, event_id, data; give the position of the last row as p_before for the next page (at most 1,000 rows). Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_history(bigint, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_history(bigint, bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- XP has an index of its own kind (see unified_users); the other metrics read the table. A cursor names the last row seen
-- by value and id, not by place, so members who move meanwhile neither hide nor repeat those who do not.
CREATE OR REPLACE FUNCTION ttfd.list_leaderboard(p_metric text, p_limit integer DEFAULT 100, p_after text DEFAULT NULL)
RETURNS TABLE (
  "position" bigint, user_id bigint, display_name text, value bigint, rank_id smallint, rank_name text, rank_color text,
  platforms text[], cursor text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_after_value bigint := split_part(p_after, ':', 1)::bigint;
  v_after_id bigint := split_part(p_after, ':', 2)::bigint;
  v_limit integer := least(greatest(p_limit, 0), 1000);
BEGIN
  PERFORM require_metric(p_metric);
  RETURN QUERY
  WITH page AS (
    SELECT u.*, u.xp AS metric
      FROM unified_users u
     WHERE p_metric = 'xp' AND u.merged_into IS NULL AND u.forgotten_at IS NULL
       AND (p_after IS NULL
            OR u.xp_bucket <= v_after_value >> 8 AND (u.xp < v_after_value OR u.xp = v_after_value AND u.id > v_after_id))
     ORDER BY u.xp_bucket DESC, u.xp DESC, u.id
     LIMIT v_limit
  ), other_page AS (
    SELECT u.*, m.value AS metric
      FROM unified_users u
     CROSS JOIN LATERAL metric_value(u, p_metric) m (value)
     WHERE p_metric <> 'xp' AND u.merged_into IS NULL AND u.forgotten_at IS NULL
       AND (p_after IS NULL OR m.value < v_after_value OR m.value = v_after_value AND u.id > v_after_id)
     ORDER BY m.value DESC, u.id
     LIMIT v_limit
  ), listed AS (
    SELECT * FROM page UNION ALL SELECT * FROM other_page
  )
  SELECT row_number() OVER (ORDER BY l.metric DESC, l.id) + f.above, l.id, coalesce(l.display_name, l.username),
         l.metric, l.rank_id, r.name, r.color, l.platforms, l.metric || ':' || l.id
    FROM listed l
    JOIN ranks r ON r.id = l.rank_id
   CROSS JOIN LATERAL (SELECT CASE WHEN p_after IS NULL THEN 0
                                   ELSE count_above(p_metric, v_after_value, v_after_id + 1) END) f (above)
   ORDER BY l.metric DESC, l.id;
END;
$$;

COMMENT ON FUNCTION ttfd.list_leaderboard(text, integer, text) IS
  'The best members by a metric: xp, coins, messages, voice (seconds), games or wins; ties by user_id. Returns position, user_id, display_name, value, rank_id, rank_name, rank_color, platforms, cursor; give the cursor of the last row as p_after for the next page (at most 1,000 rows). Raises 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.list_leaderboard(text, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_leaderboard(text, integer, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

RESET ROLE;
