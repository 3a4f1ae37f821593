-- For whoever has collected events: one statement for the lot, all or none. Each element is answered in the order given.
CREATE OR REPLACE FUNCTION ttfd.record_events(p_events jsonb)
RETURNS SETOF ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_sent sent_event[] := ARRAY(SELECT e FROM parse_events(p_events) e ORDER BY e.ordinal);
  v_new uuid[];
  v_are_all_new boolean;
  v_place integer := 0;
  v_outcome event_outcome;
BEGIN
  PERFORM require_read_committed();
  PERFORM check_events(v_sent);
  v_new := insert_events(v_sent);
  v_are_all_new := cardinality(v_new) = cardinality(v_sent);
  -- A loop, because outcomes may get more attributes than are named here.
  FOR v_outcome IN
    SELECT s.event_id, u.id,
           CASE WHEN v_are_all_new
                  OR s.event_id = ANY (v_new)
                     AND row_number() OVER (PARTITION BY s.event_id ORDER BY s.ordinal) = 1 THEN 'queued' END,
           NULL::bigint, NULL::bigint, NULL, u.xp, u.coins, u.rank_id, false
      FROM unnest(v_sent) s
      LEFT JOIN platform_accounts a ON a.platform = s.platform AND a.external_id = s.external_id
      LEFT JOIN unified_users u ON u.id = a.user_id
     ORDER BY s.ordinal
  LOOP
    v_place := v_place + 1;
    IF v_outcome.status IS NULL THEN
      v_outcome := find_outcome(v_outcome.event_id, v_outcome.user_id, v_sent[v_place].event_type, v_sent[v_place].platform,
                                v_sent[v_place].data, v_sent[v_place].occurred_at);
    END IF;
    RETURN NEXT v_outcome;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.record_events(jsonb) IS
  'Queues many events at once, all or none: a JSON array of objects with event_id, platform, external_id, event_type, data and, optionally, occurred_at. Returns for each, in order, event_id, user_id, status (queued or duplicate), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises, naming the event, what record_event raises: TE001 for an unknown or disabled type, TE002 when the id was used with other content, TE003 for an amount that may not be stated, 22003 and 22023 for data of the wrong form, 54000 for data of more than 64 KiB, 22004 without an id, TU002, TP001; and 22008 for a time before 1970 or more than five minutes ahead, 22P02 and 22007 for an id or a time that is none. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.record_events(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.record_events(jsonb) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
