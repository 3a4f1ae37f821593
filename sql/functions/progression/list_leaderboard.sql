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
