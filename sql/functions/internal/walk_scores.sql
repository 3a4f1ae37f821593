-- Who has nothing comes last, in the order in which they became members: they are read from the members themselves, and only
-- when the page gets there. In a season they stand nowhere.
CREATE OR REPLACE FUNCTION ttfd.walk_scores(
  p_metric text, p_value bigint, p_since timestamptz, p_user_id bigint, p_is_upwards boolean, p_limit bigint)
RETURNS TABLE (turn bigint, user_id bigint, value bigint, since timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = on
SET enable_sort = off
SET jit = off
AS $$
DECLARE
  v_board integer := ttfd.board_number(p_metric);
BEGIN
  IF p_is_upwards THEN
    RETURN QUERY
    WITH unsettled AS MATERIALIZED (
      SELECT l.* FROM ttfd.list_unsettled(p_metric) l
    ), nobodies AS (
      SELECT u.id, 0::bigint, TIMESTAMPTZ 'epoch'
        FROM ttfd.unified_users u
       WHERE p_value = 0 AND p_metric <> 'season' AND u.id < p_user_id AND u.is_listed AND ttfd.metric_value(u, p_metric) = 0
       ORDER BY u.id DESC
       LIMIT p_limit
    ), settled AS (
      SELECT s.user_id, s.minus_value, s.since
        FROM ttfd.standings s
       WHERE s.board = v_board AND s.board <> 0 AND (s.minus_value, s.since, s.user_id) < (-p_value, p_since, p_user_id)
         AND s.user_id NOT IN (SELECT n.user_id FROM unsettled n)
       ORDER BY s.minus_value DESC, s.since DESC, s.user_id DESC
       LIMIT p_limit
    ), somebodies AS (
      SELECT b.user_id, -b.minus_value, b.since
        FROM (SELECT * FROM settled
               UNION ALL
              SELECT n.user_id, -n.value, n.since
                FROM unsettled n
               WHERE n.value > 0 AND (-n.value, n.since, n.user_id) < (-p_value, p_since, p_user_id)) b
       ORDER BY b.minus_value DESC, b.since DESC, b.user_id DESC
       LIMIT p_limit
    )
    SELECT row_number() OVER (), o.* FROM (SELECT * FROM nobodies UNION ALL SELECT * FROM somebodies LIMIT p_limit) o;
  ELSE
    RETURN QUERY
    WITH unsettled AS MATERIALIZED (
      SELECT l.* FROM ttfd.list_unsettled(p_metric) l
    ), settled AS (
      SELECT s.user_id, s.minus_value, s.since
        FROM ttfd.standings s
       WHERE s.board = v_board AND s.board <> 0 AND (s.minus_value, s.since, s.user_id) > (-p_value, p_since, p_user_id)
         AND s.user_id NOT IN (SELECT n.user_id FROM unsettled n)
       ORDER BY s.minus_value, s.since, s.user_id
       LIMIT p_limit
    ), somebodies AS (
      SELECT b.user_id, -b.minus_value, b.since
        FROM (SELECT * FROM settled
               UNION ALL
              SELECT n.user_id, -n.value, n.since
                FROM unsettled n
               WHERE n.value > 0 AND (-n.value, n.since, n.user_id) > (-p_value, p_since, p_user_id)) b
       ORDER BY b.minus_value, b.since, b.user_id
       LIMIT p_limit
    ), nobodies AS (
      SELECT u.id, 0::bigint, TIMESTAMPTZ 'epoch'
        FROM ttfd.unified_users u
       WHERE p_metric <> 'season' AND u.id > CASE WHEN p_value > 0 THEN 0 ELSE p_user_id END AND u.is_listed AND ttfd.metric_value(u, p_metric) = 0
       ORDER BY u.id
       LIMIT p_limit
    )
    SELECT row_number() OVER (), o.* FROM (SELECT * FROM somebodies UNION ALL SELECT * FROM nobodies LIMIT p_limit) o;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.walk_scores(text, bigint, timestamptz, bigint, boolean, bigint) IS
  'The members next above or below a place of the leaderboard by a metric of standings. Returns turn (1 is the nearest), user_id, value, since.';
