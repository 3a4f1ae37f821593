-- By XP in one statement for almost everybody: a bot asks this with every rank card, and statements are what it costs.
CREATE OR REPLACE FUNCTION ttfd.get_position(p_user_id bigint, p_metric text DEFAULT 'xp')
RETURNS TABLE ("position" bigint, value bigint, total bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
DECLARE
  v_place record;
BEGIN
  IF p_metric = 'xp' THEN
    SELECT CASE WHEN u.is_listed THEN c.above + 1 END, u.xp, c.listed INTO "position", value, total
      FROM unified_users u
     CROSS JOIN LATERAL count_xp_above(u.xp, u.xp_since, u.id) c
     WHERE u.id = p_user_id AND u.merged_into IS NULL AND u.forgotten_at IS NULL;
    IF FOUND THEN
      RETURN NEXT;
      RETURN;
    END IF;
  END IF;
  PERFORM require_metric(p_metric);
  v_place := find_place(p_user_id, p_metric);
  SELECT CASE WHEN v_place.since IS NOT NULL THEN c.above + 1 END, v_place.value, c.listed INTO "position", value, total
    FROM count_above(p_metric, v_place.value, v_place.since, v_place.user_id) c;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_position(bigint, text) IS
  'Where a member stands by a metric (see list_leaderboard): in the same short time whatever the number of members, but for a member who has nothing of it. Returns position (NULL for a hidden member, and by season for one who has earned nothing in it), value, total (members listed). Raises TU001 when there is no such user, 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.get_position(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_position(bigint, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;
