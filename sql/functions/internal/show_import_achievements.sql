-- What a legacy program has paid for, or could have, is not paid again: it is shown, and so settled as it is. An import does
-- not change how anybody came out of a season.
CREATE OR REPLACE FUNCTION ttfd.show_import_achievements(p_run_id bigint)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  UPDATE ttfd.unified_users u
     SET achievements = u.achievements || s.names
    FROM (SELECT m.id, array_agg(a.name ORDER BY a.sort_order, a.name) AS names
            FROM ttfd.import_changes c
            JOIN ttfd.unified_users m ON m.id = c.user_id
            JOIN ttfd.achievements a
              ON a.is_enabled AND a.metric NOT IN ('seasons', 'season_place') AND a.name <> ALL (m.achievements)
             AND CASE a.metric WHEN 'streak' THEN m.daily_streak ELSE ttfd.metric_value(m, a.metric) END >= a.threshold
           WHERE c.run_id = p_run_id
           GROUP BY m.id) s
   WHERE u.id = s.id;
$$;

COMMENT ON FUNCTION ttfd.show_import_achievements(bigint) IS
  'Shows the achievements that members who were there before a run have reached by it, unpaid.';
