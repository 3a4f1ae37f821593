-- Whose standing waits to be settled is compared with nothing: list_unsettled reads the member.
CREATE OR REPLACE FUNCTION ttfd.verify_standings()
RETURNS TABLE (user_id bigint, expected text, actual text)
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(u.id, s.user_id), (u.xp, u.xp_since)::text, (-s.minus_xp, s.since)::text
    FROM (SELECT l.id, l.xp, l.xp_since FROM ttfd.unified_users l WHERE l.is_listed) u
    FULL JOIN ttfd.xp_standings s ON s.user_id = u.id
   WHERE (u.id, u.xp, u.xp_since) IS DISTINCT FROM (s.user_id, -s.minus_xp, s.since)
   UNION ALL
  SELECT d.user_id, format('%s %s', coalesce(d.value, 0), m.metric), coalesce(d.shown, 0)::text
    FROM unnest(ARRAY['coins', 'messages', 'voice', 'games', 'wins']) m (metric)
   CROSS JOIN LATERAL (
           SELECT coalesce(u.id, s.user_id) AS user_id, u.value, -s.minus_value AS shown
             FROM (SELECT l.id, ttfd.metric_value(l, m.metric) AS value FROM ttfd.unified_users l WHERE l.is_listed) u
             FULL JOIN (SELECT * FROM ttfd.standings k WHERE k.board = ttfd.board_number(m.metric)) s ON s.user_id = u.id
            WHERE coalesce(u.value, 0) <> coalesce(-s.minus_value, 0)
              AND coalesce(u.id, s.user_id) NOT IN (SELECT n.user_id FROM ttfd.list_unsettled(m.metric) n)) d;
$$;

COMMENT ON FUNCTION ttfd.verify_standings() IS 'Members who stand elsewhere on a leaderboard than they should: user_id, expected, actual.';
