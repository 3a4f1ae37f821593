-- One place that says what a metric is. The planner inlines it, so a filter on names is applied before anything is counted.
CREATE OR REPLACE FUNCTION ttfd.achievement_progress(p_user_ids bigint[])
RETURNS TABLE (user_id bigint, name text, value bigint, is_reached boolean, is_shown boolean)
LANGUAGE sql STABLE
AS $$
  SELECT u.id, a.name, v.value,
         a.is_enabled AND CASE WHEN a.metric = 'season_place' THEN v.value <= a.threshold ELSE v.value >= a.threshold END,
         a.name = ANY (u.achievements)
    FROM ttfd.unified_users u
   CROSS JOIN ttfd.achievements a
   CROSS JOIN LATERAL (
           SELECT CASE
                    WHEN a.metric = 'streak' THEN u.daily_streak
                    WHEN a.metric IN ('seasons', 'season_place') THEN (
                      SELECT CASE a.metric WHEN 'seasons' THEN count(*) ELSE min(r.place) END
                        FROM (SELECT u.id UNION ALL SELECT m.id FROM ttfd.unified_users m WHERE m.merged_into = u.id) w
                        JOIN ttfd.season_results r ON r.user_id = w.id)
                    ELSE ttfd.metric_value(u, a.metric)
                  END) v (value)
   WHERE u.id = ANY (p_user_ids) AND u.merged_into IS NULL AND u.forgotten_at IS NULL;
$$;

COMMENT ON FUNCTION ttfd.achievement_progress(bigint[]) IS
  'How far members have come with every achievement; value is NULL for a place in a season that they never had. Who is merged or forgotten is left out.';
