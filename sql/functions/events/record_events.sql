-- For whoever has collected events: one statement for the lot, all or none. Each element is answered in the order given.
CREATE OR REPLACE FUNCTION ttfd.record_events(p_events jsonb)
RETURNS SETOF ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_sent sent_event[] := ARRAY(SELECT e FROM parse_events(p_events) e ORDER BY e.ordinal);
  v_new uuid[];
  v_are_all_new boolean;
BEGIN
  PERFORM require_read_committed();
  PERFORM check_events(v_sent);
  v_new := insert_events(v_sent);
  v_are_all_new := cardinality(v_new) = cardinality(v_sent);
  RETURN QUERY
  SELECT o.*
    FROM (SELECT s.*, v_are_all_new
                        OR s.event_id = ANY (v_new)
                           AND row_number() OVER (PARTITION BY s.event_id ORDER BY s.ordinal) = 1 AS is_new
            FROM unnest(v_sent) s) s
    JOIN platform_accounts a ON a.platform = s.platform AND a.external_id = s.external_id
    JOIN unified_users u ON u.id = a.user_id
   CROSS JOIN LATERAL (
           SELECT s.event_id, u.id, 'queued', NULL::bigint, NULL::bigint, NULL, u.xp, u.coins, u.rank_id, false
            WHERE s.is_new
            UNION ALL
           SELECT d.*
             FROM find_outcome(s.event_id, u.id, s.event_type, s.platform, s.data, s.occurred_at) d
            WHERE NOT s.is_new
         ) o
   ORDER BY s.ordinal;
END;
$$;

COMMENT ON FUNCTION ttfd.record_events(jsonb) IS
  'Queues many events at once, all or none: a JSON array of objects with event_id, platform, external_id, event_type, data and, optionally, occurred_at. Returns for each, in order, event_id, user_id, status (queued or duplicate), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises what record_event raises, naming the event, and 22008 for a time before 1970 or more than five minutes ahead. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.record_events(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.record_events(jsonb) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
