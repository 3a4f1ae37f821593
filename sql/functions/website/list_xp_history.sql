-- Backwards from the present XP, through as many events as one page can bear: a day is shown only when all of it was read.
CREATE OR REPLACE FUNCTION ttfd.list_xp_history(p_user_id bigint, p_days integer DEFAULT 30)
RETURNS TABLE (day date, gained bigint, xp bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_most CONSTANT integer := 10000;
  v_user unified_users := find_survivor(p_user_id);
  v_today date := (ttfd.current_time() AT TIME ZONE v_user.time_zone)::date;
  v_first date := v_today - least(greatest(p_days, 1), 366) + 1;
BEGIN
  RETURN QUERY
  WITH read AS MATERIALIZED (
    SELECT (e.occurred_at AT TIME ZONE v_user.time_zone)::date AS day, e.xp, count(*) OVER () AS events
      FROM (SELECT p.occurred_at, p.xp
              FROM cross_platform_events_processed p
             WHERE p.user_id = v_user.id
             ORDER BY p.position DESC
             LIMIT v_most) e),
  days AS (
    SELECT d.day::date AS day, coalesce(sum(r.xp), 0)::bigint AS gained
      FROM generate_series(
             greatest(v_first, least((v_user.created_at AT TIME ZONE v_user.time_zone)::date, (SELECT min(r.day) FROM read r)),
                      (SELECT min(r.day) + 1 FROM read r HAVING max(r.events) = v_most))::timestamp,
             v_today::timestamp, INTERVAL '1 day') d (day)
      LEFT JOIN read r ON r.day = d.day::date
     GROUP BY 1)
  SELECT d.day, d.gained,
         v_user.xp - coalesce(sum(d.gained) OVER (ORDER BY d.day DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint
    FROM days d
   ORDER BY d.day;
END;
$$;

COMMENT ON FUNCTION ttfd.list_xp_history(bigint, integer) IS
  'A member''s XP at the end of each of the last days (at most 366), by the member''s time zone, from the day of joining or of the first event on, as far as the last 10,000 events reach. Returns day, gained, xp. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_xp_history(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_xp_history(bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
