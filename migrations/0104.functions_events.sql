-- Generated from sql/functions/events by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/events/apply_event.sql
-- For what a member waits to see: granted at once, in one transaction with the event. The user is locked before the event
-- is inserted, as process_events does, so that the two never wait for each other crosswise.
-- Most of what a chatty member sends earns nothing more than a count: that is an update of its own, because each column,
-- trigger and expression of a statement costs more than the row does (docs/adr/0018-what-a-single-call-costs.md).
CREATE OR REPLACE FUNCTION ttfd.apply_event(
  p_event_id uuid, p_platform text, p_external_id text, p_event_type text, p_data jsonb DEFAULT '{}')
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_data jsonb := coalesce(p_data, '{}');
  v_now timestamptz := ttfd.current_time();
  v_user speaker := lock_speaker(p_platform, p_external_id, p_event_type, v_now);
  v_rule event_type_versions := v_user.rule;
  v_grant event_grant;
  v_rank_id smallint;
  v_after record;
  v_outcome event_outcome;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    PERFORM require_read_committed();
  END IF;
  IF NOT check_event(p_event_id, p_event_type, v_rule, v_data, v_now) THEN
    RETURN find_outcome(p_event_id, v_user.id, p_event_type, p_platform, v_data, NULL);
  END IF;
  v_grant := grant_event(v_user.id, v_rule, p_platform, v_data, v_now);
  IF v_user.xp + v_grant.xp >= v_user.next_rank_xp THEN
    SELECT r.id INTO v_rank_id FROM find_rank(v_user.xp + v_grant.xp) r WHERE r.id > v_user.highest_rank_id;
  END IF;
  INSERT INTO cross_platform_events_pending
    (id, user_id, event_type, source_platform, data, xp, coins, note, rank_id, occurred_at)
  VALUES
    (p_event_id, v_user.id, p_event_type, p_platform, v_data, v_grant.xp, v_grant.coins, v_grant.note, v_rank_id, v_now)
  ON CONFLICT (id, processed) DO NOTHING;
  IF NOT FOUND THEN
    RETURN find_outcome(p_event_id, v_user.id, p_event_type, p_platform, v_data, NULL);
  END IF;
  IF v_grant.is_small THEN
    UPDATE unified_users u
       SET messages_sent = u.messages_sent + v_grant.messages, last_active = greatest(u.last_active, v_now)
     WHERE u.id = v_user.id AND NOT was_handled(p_event_id)
    RETURNING u.xp, u.coins, u.rank_id,
              EXISTS (SELECT 1
                        FROM achievements a
                       WHERE a.metric = 'messages' AND a.threshold > u.messages_sent - v_grant.messages
                         AND a.threshold <= u.messages_sent) AS has_reached
         INTO v_after;
  ELSE
    v_after := give_grant(p_event_id, v_user, v_grant, v_now);
  END IF;
  IF v_after.rank_id IS NULL THEN
    DELETE FROM cross_platform_events_pending WHERE id = p_event_id;
    RETURN find_outcome(p_event_id, v_user.id, p_event_type, p_platform, v_data, NULL);
  END IF;
  IF v_after.has_reached THEN
    PERFORM settle_achievements(ARRAY[v_user.id], true);
    SELECT u.xp, u.coins, u.rank_id INTO v_after FROM unified_users u WHERE u.id = v_user.id;
  END IF;
  SELECT p_event_id, v_user.id, 'applied', v_grant.xp, v_grant.coins, v_grant.note, v_after.xp, v_after.coins,
         v_after.rank_id, v_rank_id IS NOT NULL
    INTO v_outcome;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb) IS
  'Grants an event at once. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins (granted), note (why not more, or which boost), total_xp, total_coins, rank_id (the member''s now), rank_up (whether this event reached a new rank). Raises TE001 for an unknown or disabled type, TE002 when the id was used with other content, TE003 for an amount that may not be stated, 22003 and 22023 for data of the wrong form, 54000 for data of more than 64 KiB, 22004 without an id, 23514 when a balance would fall below zero, TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/events/close_stale_voice.sql
CREATE OR REPLACE FUNCTION ttfd.close_stale_voice(p_platform text)
RETURNS TABLE (closed integer, queued integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_ids text[];
BEGIN
  PERFORM require_read_committed();
  PERFORM require_platform(p_platform);
  v_ids := ARRAY(SELECT s.external_id
                   FROM voice_sessions s
                  WHERE s.platform = p_platform AND s.seen_at < ttfd.current_time() - INTERVAL '5 minutes'
                  ORDER BY s.external_id
                    FOR UPDATE SKIP LOCKED);
  queued := queue_voice(p_platform, v_ids);
  DELETE FROM voice_sessions s WHERE s.platform = p_platform AND s.external_id = ANY (v_ids);
  closed := cardinality(v_ids);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.close_stale_voice(text) IS
  'Ends voice sessions that nobody has reported for five minutes, with the time up to the last report. Call it after report_voice for every channel. Returns closed, queued (events voice_time). Raises TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.close_stale_voice(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.close_stale_voice(text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/events/compact_events.sql
-- Keeps the log small: of a member's old events one line remains, at the place of the newest of them, with their sums.
-- Their ids are kept, so that a resend still counts once. Opening balances of imports stay: they are the proof of those.
CREATE OR REPLACE FUNCTION ttfd.compact_events(p_before timestamptz)
RETURNS TABLE (users bigint, events bigint, "position" bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  -- Nothing is applied meanwhile; recording goes on.
  PERFORM 1 FROM feed_head FOR UPDATE;
  SELECT coalesce(max(e.position), 0) INTO "position"
    FROM cross_platform_events_processed e
   WHERE e.processed_at < p_before;

  WITH crowded AS MATERIALIZED (
    SELECT e.user_id
      FROM cross_platform_events_processed e
     WHERE e.position <= compact_events."position" AND NOT (e.event_type = 'opening_balance' AND e.source_platform <> 'system')
       AND e.user_id <> 0
     GROUP BY e.user_id
    HAVING count(*) > 1
  ), taken AS (
    DELETE FROM cross_platform_events_processed e
     USING crowded c
     WHERE e.user_id = c.user_id AND e.position <= compact_events."position"
       AND NOT (e.event_type = 'opening_balance' AND e.source_platform <> 'system')
    RETURNING e.*
  ), known AS (
    INSERT INTO compacted_events (id) SELECT t.id FROM taken t
  ), summed AS (
    INSERT INTO cross_platform_events_processed
      (id, user_id, event_type, source_platform, data, xp, coins, position, processed, occurred_at, created_at, processed_at)
    SELECT generate_event_id(), t.user_id, 'opening_balance', 'system',
           jsonb_build_object('events', sum(CASE WHEN t.event_type = 'opening_balance' THEN (t.data ->> 'events')::bigint ELSE 1 END),
                              'since', min(CASE WHEN t.event_type = 'opening_balance' THEN (t.data ->> 'since')::timestamptz ELSE t.occurred_at END)),
           sum(t.xp)::bigint, sum(t.coins)::bigint, max(t.position), true, max(t.occurred_at), now(), max(t.processed_at)
      FROM taken t
     GROUP BY t.user_id
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM summed), (SELECT count(*) FROM taken) INTO users, events;

  UPDATE feed_head h SET compacted_to = greatest(h.compacted_to, compact_events."position");
  PERFORM audit('events_compacted', NULL, jsonb_build_object('before', p_before, 'users', users, 'events', events));
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.compact_events(timestamptz) IS
  'Replaces each member''s events that were applied before a time by one event opening_balance with the same sums. Feed positions above stay as they are; below them the feed has gaps. Returns users, events (replaced), position (up to which). Audited.';

REVOKE ALL ON FUNCTION ttfd.compact_events(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.compact_events(timestamptz) TO ttfd_admin;

-- sql/functions/events/confirm_announcements.sql
CREATE OR REPLACE FUNCTION ttfd.confirm_announcements(p_platform text, p_reader uuid, p_position bigint)
RETURNS TABLE (is_confirmed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM require_platform(p_platform);
  UPDATE announcement_cursors c
     SET position = greatest(c.position, p_position), leased_until = ttfd.current_time() + INTERVAL '2 minutes'
   WHERE c.platform = p_platform AND c.reader = p_reader
     AND p_position <= (SELECT h.position FROM feed_head h);
  is_confirmed := FOUND;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint) IS
  'Says that everything up to a position from take_announcements was told; call it after each. Who is killed in between tells that one again: at least once. Returns is_confirmed: false when another process has taken over, which tells the rest. Raises TP001.';

REVOKE ALL ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.confirm_announcements(text, uuid, bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/events/discard_failed_event.sql
-- The row stays, so that its id stays known and a resend does not bring it back.
CREATE OR REPLACE FUNCTION ttfd.discard_failed_event(p_event_id uuid, p_reason text)
RETURNS TABLE (event_id uuid, discarded_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF coalesce(btrim(p_reason), '') = '' THEN
    RAISE EXCEPTION 'a reason is required' USING ERRCODE = 'invalid_parameter_value', HINT = 'Whoever asks later wants to know.';
  END IF;
  UPDATE failed_events f
     SET discarded_at = ttfd.current_time(), discard_reason = p_reason
   WHERE f.id = p_event_id AND f.discarded_at IS NULL
  RETURNING f.id, f.discarded_at INTO event_id, discarded_at;
  IF NOT FOUND THEN
    PERFORM raise_not_failed(p_event_id);
  END IF;
  PERFORM audit('failed_event_discarded', NULL, jsonb_build_object('event_id', p_event_id, 'reason', p_reason));
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.discard_failed_event(uuid, text) IS
  'Decides that an event that could not be applied never will be. Returns event_id, discarded_at. Raises 22023 without a reason, P0002 when no such event has failed. Audited.';

REVOKE ALL ON FUNCTION ttfd.discard_failed_event(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.discard_failed_event(uuid, text) TO ttfd_admin;

-- sql/functions/events/feed_state.sql
CREATE OR REPLACE FUNCTION ttfd.feed_state()
RETURNS TABLE (head bigint, epoch uuid, pending bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT h.position, h.epoch, (SELECT count(*) FROM cross_platform_events_pending)
    FROM feed_head h;
$$;

COMMENT ON FUNCTION ttfd.feed_state() IS
  'Where the feed stands. Returns head (the last position), epoch (a consumer that knew another one starts afresh: the database was restored), pending (events that wait).';

REVOKE ALL ON FUNCTION ttfd.feed_state() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.feed_state()
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;

-- sql/functions/events/get_feed_head.sql
-- feed_state counts the queue as well, which is too much for every batch of every consumer.
CREATE OR REPLACE FUNCTION ttfd.get_feed_head()
RETURNS TABLE (head bigint, epoch uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT h.position, h.epoch FROM feed_head h;
$$;

COMMENT ON FUNCTION ttfd.get_feed_head() IS
  'Where the feed stands. Returns head (the last position), epoch. A consumer asks after it has read, before it delivers: what was read in another epoch is not for it.';

REVOKE ALL ON FUNCTION ttfd.get_feed_head() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_feed_head()
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;

-- sql/functions/events/list_failed_events.sql
CREATE OR REPLACE FUNCTION ttfd.list_failed_events(p_limit integer DEFAULT 100)
RETURNS TABLE (
  event_id uuid, user_id bigint, event_type text, source_platform text, data jsonb, sqlstate text, message text,
  occurred_at timestamptz, failed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT f.id, f.user_id, f.event_type, f.source_platform, f.data, f.sqlstate, f.message, f.occurred_at, f.failed_at
    FROM failed_events f
   WHERE f.discarded_at IS NULL
   ORDER BY f.failed_at, f.seq
   LIMIT greatest(p_limit, 0);
$$;

COMMENT ON FUNCTION ttfd.list_failed_events(integer) IS
  'Events that could not be applied and were not discarded, oldest first. Returns event_id, user_id, event_type, source_platform, data, sqlstate, message, occurred_at, failed_at.';

REVOKE ALL ON FUNCTION ttfd.list_failed_events(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_failed_events(integer) TO ttfd_worker, ttfd_admin;

-- sql/functions/events/process_events.sql
-- One processor at a time: the row lock on feed_head is what makes feed positions gapless and in commit order. A second
-- worker does not queue up behind it. Lanes take turns, so that a flood on one platform does not hold up the others.
-- While there is a backlog the standings wait, because a member who has moved ten times is settled once.
-- The lanes' index is read in its order and no further than the batch: a bitmap would read the whole backlog each time.
-- No JIT, because the penalty on sequential scans would make every small plan look expensive enough to be compiled.
CREATE OR REPLACE FUNCTION ttfd.process_events(p_limit integer DEFAULT 1000)
RETURNS TABLE (processed integer, failed integer, remaining boolean, head bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
DECLARE
  v_head feed_head;
  v_rows tid[];
  v_taken_seq bigint := (SELECT last_value - 1 FROM event_seq);
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    v_taken_seq := NULL;  -- Read too late to say anything: see advance_floor.
  END IF;
  PERFORM require_read_committed();
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 100000 THEN
    RAISE EXCEPTION 'p_limit has to be from 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  processed := 0;
  failed := 0;
  SELECT * INTO v_head FROM feed_head FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    v_rows := ARRAY(
      SELECT t.place
        FROM generate_series(0, 7) l (lane)
       CROSS JOIN LATERAL (
               SELECT array_agg(e.ctid) AS places, array_agg(e.seq) AS seqs
                 FROM (SELECT p.ctid, p.seq
                         FROM cross_platform_events_pending p
                        WHERE pg_catalog.hashtext(p.source_platform) & 7 = l.lane AND p.seq > v_head.floor_seq
                        ORDER BY p.seq
                        LIMIT p_limit) e) q
       CROSS JOIN LATERAL unnest(q.places, q.seqs) WITH ORDINALITY t (place, seq, turn)
       ORDER BY t.turn, t.seq
       LIMIT p_limit);
    IF cardinality(v_rows) > 0 THEN
      SELECT b.processed, b.failed INTO processed, failed FROM process_batch(v_rows) b;
    END IF;
    IF processed > 0 THEN
      PERFORM pg_notify('ttfd_feed', '');
    END IF;
    PERFORM settle_moves();
    remaining := advance_floor(v_head, v_taken_seq);
    IF NOT remaining OR v_head.position + processed >= v_head.settled_to + 20000 THEN
      PERFORM settle_standings(v_head.settled_to, NOT remaining);
    END IF;
    IF NOT remaining THEN
      PERFORM clear_past_board();
    END IF;
  ELSE
    remaining := oldest_pending(0) IS NOT NULL;
  END IF;
  SELECT h.position INTO head FROM feed_head h;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.process_events(integer) IS
  'Applies up to p_limit (1 to 100,000) pending events, the oldest of each platform in turn: grants, balances, ranks, log and feed positions, in one transaction. Events that cannot be applied go to failed_events. Returns processed, failed (0 and 0 also when another worker is at it), remaining (whether more are waiting), head (the last feed position). Notifies ttfd_feed. Raises 22023 for a limit out of range. Needs READ COMMITTED (0A000).';

REVOKE ALL ON FUNCTION ttfd.process_events(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.process_events(integer) TO ttfd_worker, ttfd_admin;

-- sql/functions/events/read_feed.sql
-- Positions have no gaps and commit in order, so a consumer that keeps the last one misses nothing and sees nothing twice.
CREATE OR REPLACE FUNCTION ttfd.read_feed(p_after bigint, p_types text[] DEFAULT NULL, p_limit integer DEFAULT 100)
RETURNS TABLE (
  "position" bigint, event_id uuid, user_id bigint, event_type text, source_platform text, data jsonb, xp bigint,
  coins bigint, note text, occurred_at timestamptz, processed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT e.position, e.id, e.user_id, e.event_type, e.source_platform, e.data, e.xp, e.coins, e.note, e.occurred_at,
         e.processed_at
    FROM cross_platform_events_processed e
   WHERE e.position > coalesce(p_after, 0)
     AND (p_types IS NULL OR e.event_type = ANY (p_types))
   ORDER BY e.position
   LIMIT least(greatest(p_limit, 0), 10000);
$$;

COMMENT ON FUNCTION ttfd.read_feed(bigint, text[], integer) IS
  'Applied events after a feed position, in feed order, at most 10,000; p_types limits them to some types. Returns position, event_id, user_id, event_type, source_platform, data, xp, coins, note, occurred_at, processed_at. user_id 0 stands for the community: season_started, season_closed.';

REVOKE ALL ON FUNCTION ttfd.read_feed(bigint, text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.read_feed(bigint, text[], integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;

-- sql/functions/events/record_event.sql
-- The path of a chatty bot: resolve, look at the rule, queue. The id is looked for among the applied events only after
-- the insert, because READ COMMITTED then sees what process_events has moved meanwhile.
CREATE OR REPLACE FUNCTION ttfd.record_event(
  p_event_id uuid, p_platform text, p_external_id text, p_event_type text, p_data jsonb DEFAULT '{}')
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_data jsonb := coalesce(p_data, '{}');
  v_user_id bigint := resolve_user(p_platform, p_external_id);
  v_outcome event_outcome;
BEGIN
  PERFORM require_read_committed();
  IF NOT check_event(p_event_id, p_event_type, find_rule(p_event_type, v_now), v_data, v_now)
     OR NOT insert_event(p_event_id, v_user_id, p_event_type, p_platform, v_data, NULL, NULL, NULL, NULL, v_now) THEN
    RETURN find_outcome(p_event_id, v_user_id, p_event_type, p_platform, v_data, NULL);
  END IF;
  SELECT p_event_id, u.id, 'queued', NULL, NULL, NULL, u.xp, u.coins, u.rank_id, false INTO v_outcome
    FROM unified_users u WHERE u.id = v_user_id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.record_event(uuid, text, text, text, jsonb) IS
  'Queues an event of a platform account, which is created at first contact. Returns event_id, user_id, status (queued; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TE001 for an unknown or disabled type, TE002 when the id was used with other content, TE003 for an amount that may not be stated, 22003 and 22023 for data of the wrong form, 54000 for data of more than 64 KiB, 22004 without an id, TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.record_event(uuid, text, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.record_event(uuid, text, text, text, jsonb)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/events/record_events.sql
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

-- sql/functions/events/report_voice.sql
-- A channel as it is, not what changed: a report that is lost or sent twice makes no difference, and a bot that was away
-- reports what it finds. The bot sends one for both channels whenever somebody comes, goes or changes, where they go to
-- first, and one for every channel each minute.
CREATE OR REPLACE FUNCTION ttfd.report_voice(p_platform text, p_channel_id text, p_is_afk boolean, p_members jsonb,
                                              p_seconds_ago double precision DEFAULT 0)
RETURNS TABLE (present integer, queued integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_ids text[] := ARRAY(SELECT m.external_id FROM voice_members(p_is_afk, p_members) m);
  v_at timestamptz := ttfd.current_time() - make_interval(secs => least(greatest(coalesce(p_seconds_ago, 0), 0), 86400));
  v_ended text[];
BEGIN
  PERFORM require_read_committed();
  PERFORM require_platform(p_platform);
  PERFORM resolve_user(p_platform, n.id) FROM unnest(v_ids) n (id);  -- first contacts, in a fixed order
  PERFORM 1
     FROM voice_sessions s
    WHERE s.platform = p_platform AND (s.channel_id = p_channel_id OR s.external_id = ANY (v_ids))
    ORDER BY s.external_id
      FOR UPDATE;
  WITH seen AS (
    SELECT s.external_id, s.session_id = m.session_id AS is_same, accrue_voice(s, m.session_id, m.is_idle, v_at) AS a
      FROM voice_sessions s
      LEFT JOIN voice_members(p_is_afk, p_members) m ON m.external_id = s.external_id
     WHERE s.platform = p_platform AND (s.channel_id = p_channel_id OR m.external_id IS NOT NULL)
  ), accrued AS (
    UPDATE voice_sessions s
       SET seconds = (n.a).seconds, idle_seconds = (n.a).idle_seconds, seen_at = (n.a).seen_at
      FROM seen n
     WHERE s.platform = p_platform AND s.external_id = n.external_id
    RETURNING s.external_id, n.is_same IS TRUE AND s.seconds < 900 AS goes_on
  )
  SELECT coalesce(array_agg(d.external_id) FILTER (WHERE NOT d.goes_on), '{}') INTO v_ended FROM accrued d;
  queued := queue_voice(p_platform, v_ended);
  DELETE FROM voice_sessions s
   WHERE s.platform = p_platform AND s.channel_id = p_channel_id AND s.external_id <> ALL (v_ids);
  INSERT INTO voice_sessions AS s (platform, external_id, session_id, channel_id, slice_id, is_idle, seen_at)
  SELECT p_platform, m.external_id, m.session_id, p_channel_id, generate_event_id(), m.is_idle, v_at
    FROM voice_members(p_is_afk, p_members) m
   ORDER BY m.external_id
  ON CONFLICT (platform, external_id) DO UPDATE
     SET session_id = EXCLUDED.session_id, channel_id = EXCLUDED.channel_id, is_idle = EXCLUDED.is_idle,
         seen_at = greatest(s.seen_at, EXCLUDED.seen_at);
  present := cardinality(v_ids);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_voice(text, text, boolean, jsonb, double precision) IS
  'Who is in a voice channel now, or was some seconds ago (a day at most; earlier reports first), bots left out: a JSON array of objects with external_id, session_id (the platform''s name of the connection), is_muted, is_deafened. Time is counted between reports and queued as events voice_time with seconds and idle_seconds (AFK channel, muted, deafened, or nobody else who can hear), every 15 minutes and when a member leaves. Sent twice, or by two processes, it counts once. Report every channel each minute: what was silent for longer counts only if the connection is still the same. Returns present, queued (events). Raises 22023, TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.report_voice(text, text, boolean, jsonb, double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_voice(text, text, boolean, jsonb, double precision)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/events/retry_failed_event.sql
CREATE OR REPLACE FUNCTION ttfd.retry_failed_event(p_event_id uuid)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_outcome event_outcome;
BEGIN
  WITH taken AS (
    DELETE FROM failed_events f WHERE f.id = p_event_id RETURNING f.*
  ), queued AS (
    INSERT INTO cross_platform_events_pending (id, user_id, event_type, source_platform, data, occurred_at, created_at)
    SELECT t.id, t.user_id, t.event_type, t.source_platform, t.data, t.occurred_at, t.created_at FROM taken t
  )
  SELECT t.id, t.user_id, 'queued', NULL, NULL, NULL, u.xp, u.coins, u.rank_id, false INTO v_outcome
    FROM taken t
    LEFT JOIN unified_users u ON u.id = t.user_id;
  IF NOT FOUND THEN
    PERFORM raise_not_failed(p_event_id);
  END IF;
  PERFORM audit('failed_event_retried', NULL, jsonb_build_object('event_id', p_event_id));
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.retry_failed_event(uuid) IS
  'Queues an event anew that could not be applied, once its cause is mended; discarded ones too. Returns event_id, user_id, status (queued), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises P0002 when no such event has failed. Audited. Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.retry_failed_event(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.retry_failed_event(uuid) TO ttfd_admin;

-- sql/functions/events/silence_doorbell.sql
-- A busy worker comes back by itself; telling the writers so spares each of them a NOTIFY, which costs half their rate.
CREATE OR REPLACE FUNCTION ttfd.silence_doorbell(p_for interval)
RETURNS TABLE (silent_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF p_for IS NULL OR p_for NOT BETWEEN INTERVAL '0' AND INTERVAL '1 second' THEN
    RAISE EXCEPTION 'the doorbell cannot be silent for %', p_for
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Promise to look again within a second.';
  END IF;
  silent_until := clock_timestamp() + p_for;
  UPDATE doorbell d SET silent_until = silence_doorbell.silent_until;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.silence_doorbell(interval) IS
  'The caller promises to call process_events again in p_for (0 to 1 second): until then ttfd_events is not notified. Returns silent_until. Raises 22023.';

REVOKE ALL ON FUNCTION ttfd.silence_doorbell(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.silence_doorbell(interval) TO ttfd_worker, ttfd_admin;

-- sql/functions/events/take_announcements.sql
-- The position is kept here and not in the bot, so that a restart neither repeats nor forgets. Most events are announced
-- to nobody: the loop passes over them a slice at a time, for a second at most, and the cursor keeps what it has passed.
CREATE OR REPLACE FUNCTION ttfd.take_announcements(p_platform text, p_reader uuid, p_limit integer DEFAULT 20)
RETURNS TABLE (
  "position" bigint, event_id uuid, event_type text, user_id bigint, external_id text, display_name text, language text,
  audience text, data jsonb, xp bigint, coins bigint, occurred_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_cursor announcement_cursors;
  v_position bigint;
  v_head bigint;
  v_until bigint;
  v_give_up_at timestamptz := clock_timestamp() + INTERVAL '1 second';
BEGIN
  PERFORM require_platform(p_platform);
  v_cursor := lease_announcements(p_platform, p_reader);
  IF v_cursor.platform IS NULL THEN
    RETURN;
  END IF;
  v_position := v_cursor.position;
  SELECT h.position INTO v_head FROM feed_head h;
  WHILE v_position < v_head AND clock_timestamp() < v_give_up_at LOOP
    v_until := least(v_position + 20000, v_head);
    RETURN QUERY
    SELECT e.position, e.id, e.event_type, l.user_id, l.external_id, coalesce(u.display_name, u.username),
           CASE WHEN l.external_id IS NOT NULL THEN (SELECT g.language FROM get_preferences(p_platform, l.external_id) g) END,
           l.audience, e.data || coalesce(announcement_details(e.event_type, e.data), '{}'), e.xp, e.coins, e.occurred_at
      FROM list_announceable(p_platform, v_position, v_until, least(greatest(p_limit, 1), 1000)) l
      JOIN cross_platform_events_processed e ON e.position = l.position
      LEFT JOIN unified_users u ON u.id = l.user_id
     ORDER BY e.position;
    EXIT WHEN FOUND;
    v_position := v_until;
  END LOOP;
  UPDATE announcement_cursors c SET position = v_position WHERE c.platform = p_platform;
END;
$$;

COMMENT ON FUNCTION ttfd.take_announcements(text, uuid, integer) IS
  'What the bot of a platform is to tell next, in feed order: rank_up, achievement_unlock, season_reward (where it paid), account_linked, account_unlinked, accounts_merged, merge_undone to the member, season_closed to the community. p_reader is an id that the process has chosen for itself: another one gets nothing for two minutes, so that each is told once per platform. The first reading begins at the present head. Returns position, event_id, event_type, user_id (0 for the community), external_id (NULL for the community), display_name, language, audience (private: the member alone; public: the community), data (with rank_name, titles or winner_names added), xp, coins, occurred_at. Of what is older than 15 minutes only the last of each kind for each member is told, privately, and nothing after 7 days; what concerns accounts, and who is off the leaderboards, is always private; whoever has chosen off is told what concerns accounts and nothing else. The same rows come again until confirm_announcements. Raises TP001.';

REVOKE ALL ON FUNCTION ttfd.take_announcements(text, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.take_announcements(text, uuid, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

RESET ROLE;
