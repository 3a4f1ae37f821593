-- Generated from sql/functions/internal by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- The heart: one pass over a set of pending events. First the members are locked in ascending id, as everywhere; then one
-- statement takes the rows out of the queue, judges them by the rules, updates every member once and appends the log.
-- The plan settings are there because the statistics of a queue always lie: it was empty when they were taken.
CREATE OR REPLACE FUNCTION ttfd.apply_batch(p_seqs bigint[])
RETURNS TABLE (processed integer, failed integer)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_base bigint;
  v_taken integer;
  v_members integer;
  v_updated integer;
BEGIN
  PERFORM 1
    FROM ttfd.unified_users u
   WHERE u.id = ANY (ARRAY(SELECT coalesce(m.merged_into, m.id)
                             FROM ttfd.cross_platform_events_pending e
                             JOIN ttfd.unified_users m ON m.id = e.user_id
                            WHERE e.seq = ANY (p_seqs) AND e.xp IS NULL))
   ORDER BY u.id
     FOR NO KEY UPDATE;
  SELECT h.position INTO v_base FROM ttfd.feed_head h FOR UPDATE;

  WITH batch AS MATERIALIZED (
    DELETE FROM ttfd.cross_platform_events_pending WHERE seq = ANY (p_seqs)
    RETURNING *
  ), assessed AS MATERIALIZED (
    SELECT b.id, b.seq, coalesce(u.merged_into, b.user_id) AS user_id, b.event_type, b.source_platform, b.data,
           b.occurred_at, b.created_at, b.xp AS granted_xp, b.coins AS granted_coins, b.note AS granted_note, b.rank_id,
           CASE WHEN u.id IS NULL THEN 'TU001'
                WHEN b.xp IS NOT NULL THEN NULL
                WHEN t.name IS NULL THEN 'TE001'
                ELSE g.error
           END AS error,
           t.is_enabled, t.counter, t.daily_xp_cap, g.is_idle, g.seconds,
           CASE WHEN t.is_enabled THEN g.xp ELSE 0 END AS base_xp,
           CASE WHEN t.is_enabled THEN g.coins ELSE 0 END AS base_coins,
           CASE WHEN b.xp IS NULL AND t.is_enabled AND (g.xp <> 0 OR g.coins <> 0)
                THEN ttfd.start_of_window(t.cooldown_seconds, b.occurred_at) END AS cooldown_start,
           CASE WHEN b.xp IS NULL AND t.is_enabled AND g.xp > 0 AND t.daily_xp_cap IS NOT NULL
                THEN ttfd.start_of_window(86400, b.occurred_at) END AS day_start
      FROM batch b
      LEFT JOIN ttfd.unified_users u ON u.id = b.user_id
      LEFT JOIN ttfd.event_types t ON t.name = b.event_type AND b.xp IS NULL
      LEFT JOIN LATERAL ttfd.assess_event(t, b.data) g ON t.name IS NOT NULL
  ), ordered AS (
    SELECT a.*,
           a.cooldown_start IS NOT NULL
             AND row_number() OVER (PARTITION BY a.user_id, a.event_type, a.cooldown_start ORDER BY a.seq) = 1 AS is_first
      FROM assessed a
  ), cooled AS (
    SELECT o.*,
           o.cooldown_start IS NOT NULL AND (NOT o.is_first OR w.user_id IS NOT NULL) AS is_cooling
      FROM ordered o
      LEFT JOIN ttfd.award_windows w
        ON w.user_id = o.user_id AND w.event_type = o.event_type AND NOT w.is_daily
       AND w.starts_at = CASE WHEN o.is_first THEN o.cooldown_start END
  ), summed AS (
    SELECT c.*, coalesce(d.xp, 0) AS used,
           CASE WHEN c.day_start IS NOT NULL
                THEN coalesce(d.xp, 0) + sum(CASE WHEN c.is_cooling THEN 0 ELSE c.base_xp END)
                       OVER (PARTITION BY c.user_id, c.event_type, c.day_start ORDER BY c.seq)
           END AS reached
      FROM cooled c
      LEFT JOIN ttfd.award_windows d
        ON d.user_id = c.user_id AND d.event_type = c.event_type AND d.is_daily AND d.starts_at = c.day_start
  ), granted AS MATERIALIZED (
    SELECT s.*,
           CASE WHEN s.granted_xp IS NOT NULL THEN s.granted_xp
                WHEN s.is_cooling THEN 0
                WHEN s.day_start IS NULL THEN s.base_xp
                ELSE (least(greatest(s.daily_xp_cap, s.used), s.reached)
                      - least(greatest(s.daily_xp_cap, s.used), s.reached - s.base_xp))::bigint
           END AS xp,
           CASE WHEN s.granted_xp IS NOT NULL THEN s.granted_coins WHEN s.is_cooling THEN 0 ELSE s.base_coins END AS coins,
           CASE WHEN s.granted_xp IS NOT NULL THEN s.granted_note
                WHEN NOT s.is_enabled THEN 'disabled'
                WHEN s.is_cooling THEN 'cooldown'
                WHEN s.reached > s.daily_xp_cap THEN 'daily_cap'
                WHEN s.is_idle THEN 'idle'
           END AS note
      FROM summed s
  ), windows AS (
    INSERT INTO ttfd.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
    SELECT g.user_id, g.event_type, false, g.cooldown_start, g.xp
      FROM granted g
     WHERE g.cooldown_start IS NOT NULL AND NOT g.is_cooling AND g.error IS NULL
     UNION ALL
    SELECT g.user_id, g.event_type, true, g.day_start, sum(g.xp)::bigint
      FROM granted g
     WHERE g.day_start IS NOT NULL AND g.xp > 0 AND g.error IS NULL
     GROUP BY g.user_id, g.event_type, g.day_start
    ON CONFLICT (user_id, event_type, is_daily, starts_at) DO UPDATE SET xp = w.xp + EXCLUDED.xp
  ), totals AS MATERIALIZED (
    SELECT g.user_id,
           sum(g.xp)::bigint AS xp,
           sum(g.coins)::bigint AS coins,
           count(*) FILTER (WHERE g.counter = 'messages') AS messages,
           coalesce(sum(g.seconds) FILTER (WHERE g.counter = 'voice'), 0)::bigint AS voice_seconds,
           count(*) FILTER (WHERE g.counter = 'games') AS games,
           count(*) FILTER (WHERE g.counter = 'games' AND g.data @> '{"won": true}') AS wins,
           max(g.occurred_at) AS last_active
      FROM granted g
     WHERE g.granted_xp IS NULL AND g.error IS NULL
     GROUP BY g.user_id
  ), updated AS (
    UPDATE ttfd.unified_users u
       SET xp = u.xp + t.xp,
           coins = u.coins + t.coins,
           messages_sent = u.messages_sent + t.messages,
           total_voice_time = u.total_voice_time + t.voice_seconds,
           games_played = u.games_played + t.games,
           games_won = u.games_won + t.wins,
           last_active = greatest(u.last_active, t.last_active)
      FROM totals t
     WHERE u.id = t.user_id
    RETURNING u.id
  ), moved AS (
    INSERT INTO ttfd.cross_platform_events_processed
      (id, seq, user_id, event_type, source_platform, data, xp, coins, note, rank_id, position, processed,
       occurred_at, created_at, processed_at)
    SELECT g.id, g.seq, g.user_id, g.event_type, g.source_platform, g.data, g.xp, g.coins, g.note, g.rank_id,
           v_base + row_number() OVER (ORDER BY g.seq), true, g.occurred_at, g.created_at, now()
      FROM granted g
     WHERE g.error IS NULL
  ), refused AS (
    INSERT INTO ttfd.failed_events
      (id, seq, user_id, event_type, source_platform, data, occurred_at, created_at, sqlstate, message)
    SELECT g.id, g.seq, g.user_id, g.event_type, g.source_platform, g.data, g.occurred_at, g.created_at,
           g.error, ttfd.describe_event_error(g.error)
      FROM granted g
     WHERE g.error IS NOT NULL
  )
  SELECT count(*), count(*) FILTER (WHERE error IS NOT NULL),
         (SELECT count(*) FROM totals), (SELECT count(*) FROM updated)
    INTO v_taken, failed, v_members, v_updated
    FROM granted;

  IF v_taken <> cardinality(p_seqs) OR v_members <> v_updated THEN
    RAISE EXCEPTION 'took % of % events and updated % of % users', v_taken, cardinality(p_seqs), v_updated, v_members
      USING ERRCODE = 'internal_error', HINT = 'Nothing of the batch was kept. Please report this.';
  END IF;
  processed := v_taken - failed;
  UPDATE ttfd.feed_head SET position = v_base + processed, last_seq = p_seqs[cardinality(p_seqs)];
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.apply_batch(bigint[]) IS
  'Applies the pending events with the given seq, in ascending order, all or none; those that their own content forbids go to failed_events. Returns processed, failed.';

-- What one event might earn before cooldowns and caps, or why it cannot be applied. It answers with a code instead of
-- raising, so that a batch sorts out bad rows as a set. The planner inlines it; OFFSET 0 keeps each step from being copied
-- into all places that use it, which makes the plan a hundred times larger.
CREATE OR REPLACE FUNCTION ttfd.assess_event(p_type ttfd.event_types, p_data jsonb)
RETURNS TABLE (xp bigint, coins bigint, seconds bigint, is_idle boolean, error text)
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN e.error IS NOT NULL THEN 0
              WHEN p_data ? 'xp' THEN (p_data -> 'xp')::bigint
              WHEN p_type.per_seconds IS NULL THEN p_type.xp
              ELSE p_type.xp * (least(t.seconds - t.idle, p_type.max_seconds) / p_type.per_seconds)
         END,
         CASE WHEN e.error IS NOT NULL THEN 0
              WHEN p_data ? 'coins' THEN (p_data -> 'coins')::bigint
              WHEN p_type.per_seconds IS NULL THEN p_type.coins
              ELSE p_type.coins * (least(t.seconds - t.idle, p_type.max_seconds) / p_type.per_seconds)
         END,
         CASE WHEN e.error IS NULL THEN least(t.seconds, p_type.max_seconds) END,
         e.error IS NULL AND t.idle > 0,
         e.error
    FROM (SELECT CASE
                   WHEN pg_catalog.jsonb_typeof(p_data) <> 'object' THEN '22023'
                   WHEN p_data ? 'xp' THEN ttfd.assess_stated(p_data -> 'xp', p_type.stated_xp_max, p_type.allows_negative)
                 END,
                 CASE
                   WHEN p_data ? 'coins' THEN ttfd.assess_stated(p_data -> 'coins', p_type.stated_coins_max, p_type.allows_negative)
                 END,
                 CASE
                   WHEN p_type.per_seconds IS NOT NULL AND NOT p_data ? 'seconds' THEN '22023'
                   WHEN p_data ? 'seconds' THEN ttfd.assess_seconds(p_data -> 'seconds')
                 END,
                 CASE WHEN p_data ? 'idle_seconds' THEN ttfd.assess_seconds(p_data -> 'idle_seconds') END,
                 CASE
                   WHEN p_type.counter = 'games' AND p_data ? 'won' AND pg_catalog.jsonb_typeof(p_data -> 'won') <> 'boolean'
                   THEN '22023'
                 END
          OFFSET 0
         ) AS c (xp, coins, seconds, idle, won)
   CROSS JOIN LATERAL (SELECT coalesce(c.xp, c.coins, c.seconds, c.idle, c.won) OFFSET 0) AS e (error)
   CROSS JOIN LATERAL (
           SELECT CASE WHEN e.error IS NULL AND p_data ? 'seconds' THEN floor((p_data -> 'seconds')::numeric)::bigint END,
                  CASE WHEN e.error IS NULL AND p_data ? 'idle_seconds'
                       THEN least(ceil((p_data -> 'idle_seconds')::numeric), floor((p_data -> 'seconds')::numeric))::bigint
                       ELSE 0
                  END
          OFFSET 0
         ) AS t (seconds, idle);
$$;

COMMENT ON FUNCTION ttfd.assess_event(ttfd.event_types, jsonb) IS
  'XP and coins that an event might earn, its counted seconds, whether part of them was idle, or the SQLSTATE that says why it cannot be applied.';

-- A million years is no session; the bound keeps the cast to bigint safe.
CREATE OR REPLACE FUNCTION ttfd.assess_seconds(p_seconds jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN pg_catalog.jsonb_typeof(p_seconds) <> 'number' THEN '22023'
           WHEN p_seconds::numeric NOT BETWEEN 0 AND 31557600000000 THEN '22003'
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_seconds(jsonb) IS
  'Why a number of seconds is refused (an SQLSTATE), or NULL when it is fine.';

CREATE OR REPLACE FUNCTION ttfd.assess_stated(p_amount jsonb, p_max bigint, p_allows_negative boolean)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN pg_catalog.jsonb_typeof(p_amount) <> 'number' THEN '22023'
           WHEN p_max IS NULL THEN 'TE003'
           WHEN p_amount::numeric <> pg_catalog.trunc(p_amount::numeric) THEN '22023'
           WHEN pg_catalog.abs(p_amount::numeric) > p_max THEN 'TE003'
           WHEN p_amount::numeric < 0 AND NOT p_allows_negative THEN 'TE003'
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_stated(jsonb, bigint, boolean) IS
  'Why an amount that the caller states is refused (an SQLSTATE), or NULL when it is fine.';

-- API functions run as their owner, so current_user says nothing of the caller. A role taken by SET ROLE counts,
-- because a session can only take roles that it is a member of.
CREATE OR REPLACE FUNCTION ttfd.caller_role()
RETURNS name
LANGUAGE sql STABLE
AS $$
  SELECT CASE pg_catalog.current_setting('role') WHEN 'none' THEN session_user
              ELSE pg_catalog.current_setting('role')::name END;
$$;

COMMENT ON FUNCTION ttfd.caller_role() IS 'The role that called the API: the one set by SET ROLE, else the login.';

CREATE OR REPLACE FUNCTION ttfd.check_event(p_event_id uuid, p_event_type text, p_data jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_error text;
BEGIN
  SELECT CASE WHEN p_event_id IS NULL THEN '22004'
              WHEN NOT t.is_enabled THEN 'TE001'
              WHEN t.is_admin_only AND NOT ttfd.is_admin() THEN 'TE003'
              ELSE g.error
         END
    INTO v_error
    FROM ttfd.event_types t
   CROSS JOIN LATERAL ttfd.assess_event(t, p_data) g
   WHERE t.name = p_event_type;
  IF NOT FOUND THEN
    v_error := 'TE001';
  END IF;
  IF v_error IS NOT NULL THEN
    PERFORM ttfd.raise_event_error(v_error, p_event_id, p_event_type);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.check_event(uuid, text, jsonb) IS
  'Refuses an event that its type does not allow. Raises TE001, TE003, 22003, 22004, 22023.';

-- The same refusals as for a single event, for the first element that deserves one; then the accounts of first contacts.
CREATE OR REPLACE FUNCTION ttfd.check_events(p_events ttfd.sent_event[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_sent ttfd.sent_event;
BEGIN
  SELECT s.* INTO v_sent
    FROM unnest(p_events) s
    LEFT JOIN ttfd.event_types t ON t.name = s.event_type
    LEFT JOIN LATERAL ttfd.assess_event(t, s.data) g ON t.name IS NOT NULL
   WHERE s.event_id IS NULL OR t.name IS NULL OR NOT t.is_enabled OR g.error IS NOT NULL
      OR t.is_admin_only AND NOT ttfd.is_admin()
   ORDER BY s.ordinal
   LIMIT 1;
  IF FOUND THEN
    PERFORM ttfd.check_event(v_sent.event_id, v_sent.event_type, v_sent.data);
  END IF;
  -- One by one, in a fixed order: each takes a lock of its own, and first contacts are few.
  PERFORM ttfd.resolve_user(n.platform, n.external_id)
     FROM (SELECT DISTINCT s.platform, s.external_id
             FROM unnest(p_events) s
            WHERE NOT EXISTS (SELECT 1
                                FROM ttfd.platform_accounts a
                                JOIN ttfd.platforms p ON p.name = a.platform AND ttfd.may_speak(p.role_name)
                               WHERE a.platform = s.platform AND a.external_id = s.external_id)
            ORDER BY 1, 2) n;
END;
$$;

COMMENT ON FUNCTION ttfd.check_events(ttfd.sent_event[]) IS
  'Refuses what check_event and resolve_user refuse, and creates the accounts that are new. Raises TE001, TE003, 22003, 22004, 22023, TU002, TP001.';

CREATE OR REPLACE FUNCTION ttfd.count_above(p_metric text, p_value bigint, p_user_id bigint)
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_metric = 'xp' THEN
    RETURN (SELECT count(*) FROM ttfd.unified_users u
             WHERE u.merged_into IS NULL AND u.xp_bucket >= p_value >> 8
               AND (u.xp > p_value OR u.xp = p_value AND u.id < p_user_id));
  END IF;
  RETURN (SELECT count(*)
            FROM ttfd.unified_users u
           CROSS JOIN LATERAL ttfd.metric_value(u, p_metric) m (value)
           WHERE u.merged_into IS NULL AND (m.value > p_value OR m.value = p_value AND u.id < p_user_id));
END;
$$;

COMMENT ON FUNCTION ttfd.count_above(text, bigint, bigint) IS
  'How many members stand above a value of a metric; among equals the lower id stands above.';

-- Two first contacts at once must make one user: the lock is on the account's name, because there is no row to lock yet.
CREATE OR REPLACE FUNCTION ttfd.create_account(
  p_platform text, p_external_id text, p_username text, p_display_name text)
RETURNS TABLE (user_id bigint, created boolean)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ttfd account ' || p_platform || ' ' || p_external_id, 0));
  SELECT a.user_id, false INTO user_id, created
    FROM ttfd.platform_accounts a
   WHERE a.platform = p_platform AND a.external_id = p_external_id;
  IF NOT FOUND THEN
    created := true;
    INSERT INTO ttfd.unified_users (username, display_name, primary_platform, platforms, created_at, last_active,
                                    telegram_id, discord_id, website_email)
    VALUES (p_username, p_display_name, p_platform, ARRAY[p_platform], ttfd.current_time(), ttfd.current_time(),
            CASE p_platform WHEN 'telegram' THEN p_external_id END,
            CASE p_platform WHEN 'discord' THEN p_external_id END,
            CASE p_platform WHEN 'website' THEN p_external_id END)
    RETURNING id INTO user_id;
    INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, username, display_name, link_method, linked_at)
    VALUES (p_platform, p_external_id, user_id, p_username, p_display_name, 'first_contact', ttfd.current_time());
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.create_account(text, text, text, text) IS
  'A new user with one account, or the user that somebody else created meanwhile. Expects a checked external id.';

-- The one clock of every rule, so that a test can stand at midnight. Only a member of ttfd_owner can set it
-- (SET ttfd.now = '…'); for anybody else the setting has no effect.
CREATE OR REPLACE FUNCTION ttfd.current_time()
RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN coalesce(pg_catalog.current_setting('ttfd.now', true), '') = '' THEN pg_catalog.now()
              WHEN pg_catalog.pg_has_role(ttfd.caller_role(), 'ttfd_owner', 'USAGE')
              THEN pg_catalog.current_setting('ttfd.now')::timestamptz
              ELSE pg_catalog.now()
         END;
$$;

COMMENT ON FUNCTION ttfd.current_time() IS
  'The time that rules go by: the start of the transaction, or the setting ttfd.now of a member of ttfd_owner.';

CREATE OR REPLACE FUNCTION ttfd.describe_event_error(p_sqlstate text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE p_sqlstate
           WHEN 'TU001' THEN 'no such user'
           WHEN 'TE001' THEN 'unknown or disabled event type'
           WHEN 'TE002' THEN 'the id was used before, with other content'
           WHEN 'TE003' THEN 'the amount is not allowed or too large'
           WHEN '22003' THEN 'a number in data is out of range'
           ELSE 'a value in data is missing or of the wrong type'
         END;
$$;

COMMENT ON FUNCTION ttfd.describe_event_error(text) IS 'The words for an SQLSTATE with which an event is refused.';

-- An event that was granted already has its place in the ledger and never leaves it: that error is raised again.
CREATE OR REPLACE FUNCTION ttfd.fail_event(p_seq bigint, p_sqlstate text, p_message text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  WITH taken AS (
    DELETE FROM ttfd.cross_platform_events_pending WHERE seq = p_seq AND xp IS NULL
    RETURNING *
  )
  INSERT INTO ttfd.failed_events
    (id, seq, user_id, event_type, source_platform, data, occurred_at, created_at, sqlstate, message)
  SELECT id, seq, user_id, event_type, source_platform, data, occurred_at, created_at, p_sqlstate, p_message
    FROM taken;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.fail_event(bigint, text, text) IS 'Moves a pending event to failed_events.';

CREATE OR REPLACE FUNCTION ttfd.find_outcome(
  p_event_id uuid, p_user_id bigint, p_event_type text, p_platform text, p_data jsonb, p_occurred_at timestamptz)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_first record;
  v_outcome ttfd.event_outcome;
BEGIN
  SELECT k.* INTO v_first
    FROM (SELECT e.id, e.user_id, e.event_type, e.source_platform, e.data, e.occurred_at, e.xp, e.coins, e.note, e.rank_id
            FROM ttfd.cross_platform_events e
           WHERE e.id = p_event_id
           UNION ALL
          SELECT f.id, f.user_id, f.event_type, f.source_platform, f.data, f.occurred_at, 0, 0, 'failed', NULL
            FROM ttfd.failed_events f
           WHERE f.id = p_event_id) k
   LIMIT 1;
  IF (v_first.event_type, v_first.source_platform, v_first.data) IS DISTINCT FROM (p_event_type, p_platform, p_data)
     OR p_user_id IS DISTINCT FROM (SELECT coalesce(u.merged_into, u.id) FROM ttfd.unified_users u WHERE u.id = v_first.user_id)
     OR p_occurred_at <> v_first.occurred_at THEN
    PERFORM ttfd.raise_event_error('TE002', p_event_id, p_event_type);
  END IF;
  SELECT v_first.id, u.id, 'duplicate', v_first.xp, v_first.coins, v_first.note, u.xp, u.coins, u.rank_id,
         v_first.rank_id IS NOT NULL
    INTO v_outcome
    FROM ttfd.unified_users u
   WHERE u.id = p_user_id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.find_outcome(uuid, bigint, text, text, jsonb, timestamptz) IS
  'The outcome of an event that was sent before; note is failed where it could not be applied. Raises TE002 when its content differs.';

CREATE OR REPLACE FUNCTION ttfd.find_rank(p_xp bigint)
RETURNS TABLE (id smallint, rank_xp bigint, next_rank_xp bigint)
LANGUAGE sql STABLE
AS $$
  SELECT r.id,
         r.required_xp,
         (SELECT min(n.required_xp) FROM ttfd.ranks n WHERE n.required_xp > r.required_xp)
    FROM ttfd.ranks r
   WHERE r.required_xp <= p_xp
   ORDER BY r.required_xp DESC
   LIMIT 1;
$$;

COMMENT ON FUNCTION ttfd.find_rank(bigint) IS 'The rank that an amount of XP holds, with its threshold and the next one.';

-- A version 7 UUID: time-ordered keys keep the log's primary key compact, random ones cost a quarter of the throughput.
CREATE OR REPLACE FUNCTION ttfd.generate_event_id()
RETURNS uuid
LANGUAGE sql VOLATILE
AS $$
  SELECT pg_catalog.encode(
           pg_catalog.set_bit(
             pg_catalog.set_bit(
               overlay(
                 pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
                 PLACING pg_catalog.substring(
                   pg_catalog.int8send((extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint), 3)
                 FROM 1 FOR 6),
               52, 1),
             53, 1),
           'hex')::uuid;
$$;

COMMENT ON FUNCTION ttfd.generate_event_id() IS 'A new time-ordered event id (UUID version 7).';

-- The rules for one event, whose user is locked. apply_batch says the same for a set; test_apply_event compares the two.
CREATE OR REPLACE FUNCTION ttfd.grant_event(p_user_id bigint, p_event_type text, p_data jsonb, p_occurred_at timestamptz)
RETURNS TABLE (xp bigint, coins bigint, note text, cooldown_start timestamptz, day_start timestamptz,
               messages integer, voice_seconds bigint, games integer, wins integer)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_type ttfd.event_types;
  v_room bigint;
  v_seconds bigint;
BEGIN
  SELECT * INTO v_type FROM ttfd.event_types t WHERE t.name = p_event_type;
  SELECT g.xp, g.coins, g.seconds, CASE WHEN g.is_idle THEN 'idle' END INTO xp, coins, v_seconds, note
    FROM ttfd.assess_event(v_type, p_data) g;

  messages := (v_type.counter IS NOT DISTINCT FROM 'messages')::integer;
  voice_seconds := CASE WHEN v_type.counter = 'voice' THEN coalesce(v_seconds, 0) ELSE 0 END;
  games := (v_type.counter IS NOT DISTINCT FROM 'games')::integer;
  wins := (games = 1 AND p_data @> '{"won": true}')::integer;

  IF v_type.cooldown_seconds IS NOT NULL AND (xp <> 0 OR coins <> 0) THEN
    cooldown_start := ttfd.start_of_window(v_type.cooldown_seconds, p_occurred_at);
    IF EXISTS (SELECT 1 FROM ttfd.award_windows w
                WHERE w.user_id = p_user_id AND w.event_type = p_event_type
                  AND NOT w.is_daily AND w.starts_at = cooldown_start) THEN
      xp := 0;
      coins := 0;
      note := 'cooldown';
      cooldown_start := NULL;
    END IF;
  END IF;

  IF v_type.daily_xp_cap IS NOT NULL AND xp > 0 THEN
    day_start := ttfd.start_of_window(86400, p_occurred_at);
    v_room := greatest(0, v_type.daily_xp_cap - coalesce(
      (SELECT w.xp FROM ttfd.award_windows w
        WHERE w.user_id = p_user_id AND w.event_type = p_event_type AND w.is_daily AND w.starts_at = day_start), 0));
    IF xp > v_room THEN
      xp := v_room;
      note := 'daily_cap';
    END IF;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.grant_event(bigint, text, jsonb, timestamptz) IS
  'What one event earns: XP, coins, the note, the windows it uses and the counters it moves.';

-- Exactly once, raced by many senders and the processor: the key stops a twin in the queue; a twin that was applied or has
-- failed already is seen by the second look, whose snapshot is newer than the insert.
CREATE OR REPLACE FUNCTION ttfd.insert_event(
  p_event_id uuid, p_user_id bigint, p_event_type text, p_platform text, p_data jsonb,
  p_xp bigint, p_coins bigint, p_note text, p_rank_id smallint, p_occurred_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.cross_platform_events
    (id, user_id, event_type, source_platform, data, xp, coins, note, rank_id, occurred_at)
  VALUES
    (p_event_id, p_user_id, p_event_type, p_platform, p_data, p_xp, p_coins, p_note, p_rank_id, p_occurred_at)
  ON CONFLICT (id, processed) DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF EXISTS (SELECT 1 FROM ttfd.cross_platform_events_processed WHERE id = p_event_id)
     OR EXISTS (SELECT 1 FROM ttfd.failed_events WHERE id = p_event_id) THEN
    DELETE FROM ttfd.cross_platform_events_pending WHERE id = p_event_id;
    RETURN false;
  END IF;
  RETURN true;
END;
$$;

COMMENT ON FUNCTION ttfd.insert_event(uuid, bigint, text, text, jsonb, bigint, bigint, text, smallint, timestamptz) IS
  'Puts an event into the queue. Returns false, and leaves nothing, when the id is known.';

-- insert_event for a set: the same key, the same second look.
CREATE OR REPLACE FUNCTION ttfd.insert_events(p_events ttfd.sent_event[])
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_inserted uuid[];
  v_known uuid[];
BEGIN
  WITH inserted AS (
    INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, occurred_at)
    SELECT s.event_id, a.user_id, s.event_type, s.platform, s.data, coalesce(s.occurred_at, ttfd.current_time())
      FROM unnest(p_events) s
      JOIN ttfd.platform_accounts a ON a.platform = s.platform AND a.external_id = s.external_id
     ORDER BY s.ordinal
    ON CONFLICT (id, processed) DO NOTHING
    RETURNING id
  )
  SELECT array_agg(id) INTO v_inserted FROM inserted;
  v_known := ARRAY(SELECT id FROM ttfd.cross_platform_events_processed WHERE id = ANY (v_inserted)
                   UNION ALL SELECT id FROM ttfd.failed_events WHERE id = ANY (v_inserted));
  IF cardinality(v_known) = 0 THEN
    RETURN v_inserted;
  END IF;
  DELETE FROM ttfd.cross_platform_events_pending WHERE id = ANY (v_known);
  RETURN ARRAY(SELECT i FROM unnest(v_inserted) i WHERE i <> ALL (v_known));
END;
$$;

COMMENT ON FUNCTION ttfd.insert_events(ttfd.sent_event[]) IS
  'Puts events into the queue. Returns the ids that are new; for the others nothing is left.';

CREATE OR REPLACE FUNCTION ttfd.is_admin()
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT pg_catalog.pg_has_role(ttfd.caller_role(), 'ttfd_admin', 'USAGE');
$$;

COMMENT ON FUNCTION ttfd.is_admin() IS 'Whether the caller is a member of ttfd_admin.';

CREATE OR REPLACE FUNCTION ttfd.keep_award_windows(
  p_user_id bigint, p_event_type text, p_cooldown_start timestamptz, p_day_start timestamptz, p_xp bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF p_cooldown_start IS NOT NULL THEN
    INSERT INTO ttfd.award_windows (user_id, event_type, is_daily, starts_at, xp)
    VALUES (p_user_id, p_event_type, false, p_cooldown_start, p_xp);
  END IF;
  IF p_day_start IS NOT NULL AND p_xp > 0 THEN
    INSERT INTO ttfd.award_windows AS w (user_id, event_type, is_daily, starts_at, xp)
    VALUES (p_user_id, p_event_type, true, p_day_start, p_xp)
    ON CONFLICT (user_id, event_type, is_daily, starts_at) DO UPDATE SET xp = w.xp + EXCLUDED.xp;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.keep_award_windows(bigint, text, timestamptz, timestamptz, bigint) IS
  'Remembers that an event has used its cooldown window and its share of the daily cap.';

-- A user who is merged while we wait for the lock hands over to the survivor.
CREATE OR REPLACE FUNCTION ttfd.lock_user(p_user_id bigint)
RETURNS ttfd.unified_users
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user ttfd.unified_users;
  v_user_id bigint := p_user_id;
BEGIN
  LOOP
    SELECT * INTO v_user FROM ttfd.unified_users WHERE id = v_user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      PERFORM ttfd.raise_unknown_user(p_user_id);
    END IF;
    EXIT WHEN v_user.merged_into IS NULL;
    v_user_id := v_user.merged_into;
  END LOOP;
  RETURN v_user;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_user(bigint) IS
  'Locks a user, or the one it was merged into, and returns the row. Raises TU001.';

-- A role that does not exist (yet) lets nobody speak but the administrators.
CREATE OR REPLACE FUNCTION ttfd.may_speak(p_role_name text)
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(pg_catalog.pg_has_role(ttfd.caller_role(), pg_catalog.to_regrole(p_role_name), 'USAGE'), false)
      OR ttfd.is_admin();
$$;

COMMENT ON FUNCTION ttfd.may_speak(text) IS
  'Whether the caller may speak for the platform whose role is given: its members and administrators may.';

CREATE OR REPLACE FUNCTION ttfd.metric_value(p_user ttfd.unified_users, p_metric text)
RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE p_metric
           WHEN 'xp' THEN p_user.xp
           WHEN 'coins' THEN p_user.coins
           WHEN 'messages' THEN p_user.messages_sent
           WHEN 'voice' THEN p_user.total_voice_time
           WHEN 'games' THEN p_user.games_played
           WHEN 'wins' THEN p_user.games_won
         END;
$$;

COMMENT ON FUNCTION ttfd.metric_value(ttfd.unified_users, text) IS
  'A member''s value by a leaderboard metric (voice in seconds); NULL for an unknown one.';

CREATE OR REPLACE FUNCTION ttfd.normalise_external_id(p_platform text, p_external_id text)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_platform ttfd.platforms;
  v_external_id text;
BEGIN
  SELECT * INTO v_platform FROM ttfd.platforms WHERE name = p_platform;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no platform named "%"', p_platform
      USING ERRCODE = 'TU002', HINT = 'Known platforms are the rows of ttfd.platforms.';
  END IF;
  v_external_id := CASE WHEN v_platform.folds_case THEN lower(p_external_id) ELSE p_external_id END;
  IF v_external_id IS NULL OR v_external_id !~ v_platform.id_pattern THEN
    RAISE EXCEPTION 'external id "%" has the wrong form for platform "%"', left(p_external_id, 60), p_platform
      USING ERRCODE = 'TU002', HINT = format('It has to match %s.', v_platform.id_pattern);
  END IF;
  RETURN v_external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.normalise_external_id(text, text) IS
  'An external id as it is stored. Raises TU002 when the platform is unknown or the id has the wrong form.';

CREATE OR REPLACE FUNCTION ttfd.parse_events(p_events jsonb)
RETURNS SETOF ttfd.sent_event
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF jsonb_typeof(p_events) IS DISTINCT FROM 'array' THEN
    RAISE EXCEPTION 'p_events has to be a JSON array'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Its elements are objects with event_id, platform, external_id, event_type, data and, if known, occurred_at.';
  END IF;
  RETURN QUERY
  SELECT e.ordinal, e.event_id, e.platform,
         CASE WHEN p.folds_case THEN lower(e.external_id) ELSE e.external_id END,
         e.event_type, coalesce(e.data, '{}'), e.occurred_at
    FROM ROWS FROM (jsonb_to_recordset(p_events) AS (
           event_id uuid, platform text, external_id text, event_type text, data jsonb, occurred_at timestamptz))
         WITH ORDINALITY e (event_id, platform, external_id, event_type, data, occurred_at, ordinal)
    LEFT JOIN ttfd.platforms p ON p.name = e.platform;
END;
$$;

COMMENT ON FUNCTION ttfd.parse_events(jsonb) IS 'The elements of a JSON array of events. Raises 22023, 22P02, 22007.';

-- A row that makes the whole batch fail is found by halving, so that the good ones are not held up. Only errors that the
-- data cause do that: after a deadlock, a timeout or a full disk the same batch may well succeed.
CREATE OR REPLACE FUNCTION ttfd.process_batch(p_seqs bigint[])
RETURNS TABLE (processed integer, failed integer)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_half integer := cardinality(p_seqs) / 2;
BEGIN
  BEGIN
    RETURN QUERY SELECT b.processed, b.failed FROM ttfd.apply_batch(p_seqs) b;
    RETURN;
  EXCEPTION
    WHEN OTHERS THEN
      IF left(SQLSTATE, 2) NOT IN ('22', '23') AND left(SQLSTATE, 1) <> 'T' THEN
        RAISE;
      END IF;
      IF v_half = 0 THEN
        PERFORM ttfd.fail_event(p_seqs[1], SQLSTATE, SQLERRM);
        RETURN QUERY SELECT 0, 1;
        RETURN;
      END IF;
  END;
  RETURN QUERY
  SELECT sum(h.processed)::integer, sum(h.failed)::integer
    FROM (VALUES (p_seqs[:v_half]), (p_seqs[v_half + 1:])) v (seqs)
   CROSS JOIN LATERAL ttfd.process_batch(v.seqs) h;
END;
$$;

COMMENT ON FUNCTION ttfd.process_batch(bigint[]) IS
  'Applies the pending events with the given seq; those that cannot be applied go to failed_events. Returns processed, failed.';

-- The one place that computes what unified_users shows of a member's accounts. Touches rows that differ only.
CREATE OR REPLACE FUNCTION ttfd.project_accounts(p_user_ids bigint[])
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  UPDATE ttfd.unified_users u
     SET telegram_id = p.telegram_id, discord_id = p.discord_id, website_email = p.website_email,
         platforms = p.platforms, primary_platform = p.primary_platform,
         username = p.username, display_name = p.display_name
    FROM ttfd.projected_accounts(p_user_ids) p
   WHERE u.id = p.user_id
     AND (u.telegram_id, u.discord_id, u.website_email, u.platforms, u.primary_platform, u.username, u.display_name)
         IS DISTINCT FROM
         (p.telegram_id, p.discord_id, p.website_email, p.platforms, p.primary_platform, p.username, p.display_name);
$$;

COMMENT ON FUNCTION ttfd.project_accounts(bigint[]) IS
  'Writes the accounts of the given users into their telegram_id, discord_id, website_email, platforms and names.';

-- Names are those of the primary platform, else of the account that was linked first and has one.
CREATE OR REPLACE FUNCTION ttfd.projected_accounts(p_user_ids bigint[])
RETURNS TABLE (user_id bigint, telegram_id text, discord_id text, website_email text, platforms text[],
               primary_platform text, username text, display_name text)
LANGUAGE sql STABLE
AS $$
  SELECT u.id,
         max(a.external_id) FILTER (WHERE a.platform = 'telegram'),
         max(a.external_id) FILTER (WHERE a.platform = 'discord'),
         max(a.external_id) FILTER (WHERE a.platform = 'website'),
         coalesce(array_agg(a.platform ORDER BY a.platform) FILTER (WHERE a.platform IS NOT NULL), '{}'),
         (array_agg(a.platform ORDER BY a.platform = u.primary_platform DESC, a.linked_at, a.platform))[1],
         (array_agg(a.username ORDER BY a.username IS NULL, a.platform = u.primary_platform DESC, a.linked_at, a.platform))[1],
         (array_agg(a.display_name ORDER BY a.display_name IS NULL, a.platform = u.primary_platform DESC, a.linked_at, a.platform))[1]
    FROM ttfd.unified_users u
    LEFT JOIN ttfd.platform_accounts a ON a.user_id = u.id
   WHERE u.id = ANY (p_user_ids)
   GROUP BY u.id;
$$;

COMMENT ON FUNCTION ttfd.projected_accounts(bigint[]) IS 'What unified_users has to show of the accounts of the given users.';

-- One place for the words behind the codes with which an event is refused.
CREATE OR REPLACE FUNCTION ttfd.raise_event_error(p_sqlstate text, p_event_id uuid, p_event_type text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = p_sqlstate,
    MESSAGE = format('event %s of type "%s": %s', p_event_id, p_event_type, ttfd.describe_event_error(p_sqlstate)),
    HINT = CASE p_sqlstate
             WHEN 'TE001' THEN 'Use an enabled row of ttfd.event_types.'
             WHEN 'TE002' THEN 'Send every event with an id of its own; resend it unchanged.'
             WHEN 'TE003' THEN 'See stated_xp_max, stated_coins_max and is_admin_only in ttfd.event_types.'
             ELSE 'data is a JSON object: seconds and idle_seconds are numbers from 0, xp and coins whole numbers, won is a boolean.'
           END;
END;
$$;

COMMENT ON FUNCTION ttfd.raise_event_error(text, uuid, text) IS
  'Refuses an event. Raises the SQLSTATE that it is given.';

CREATE OR REPLACE FUNCTION ttfd.raise_unknown_user(p_user_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'no user %', coalesce(p_user_id::text, 'NULL')
    USING ERRCODE = 'TU001', HINT = 'User ids come from get_or_create_user, find_user and the feed.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_unknown_user(bigint) IS 'Refuses a user id. Raises TU001.';

CREATE OR REPLACE FUNCTION ttfd.require_metric(p_metric text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF p_metric IS NULL OR p_metric NOT IN ('xp', 'coins', 'messages', 'voice', 'games', 'wins') THEN
    RAISE EXCEPTION 'no metric named "%"', p_metric
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use xp, coins, messages, voice, games or wins.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_metric(text) IS 'Refuses an unknown leaderboard metric. Raises 22023.';

-- Under a stricter isolation the second look of insert_event would be blind to what has just been applied.
CREATE OR REPLACE FUNCTION ttfd.require_read_committed()
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'ttfd grants events under READ COMMITTED only'
      USING ERRCODE = 'feature_not_supported', HINT = 'Call it in a transaction of the default isolation level.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.require_read_committed() IS 'Raises 0A000 in a transaction of another isolation level.';

-- The gate of every function that speaks for an account.
CREATE OR REPLACE FUNCTION ttfd.resolve_platform(p_platform text, p_external_id text)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_role_name text;
BEGIN
  SELECT role_name INTO v_role_name FROM ttfd.platforms WHERE name = p_platform;
  IF FOUND AND NOT ttfd.may_speak(v_role_name) THEN
    RAISE EXCEPTION 'role "%" may not speak for platform "%"', ttfd.caller_role(), p_platform
      USING ERRCODE = 'TP001', HINT = format('Connect as a member of %s.', v_role_name);
  END IF;
  RETURN ttfd.normalise_external_id(p_platform, p_external_id);
END;
$$;

COMMENT ON FUNCTION ttfd.resolve_platform(text, text) IS
  'Checks that the caller may speak for the platform. Returns the external id as it is stored. Raises TP001, TU002.';

-- Bots call this with every event, so the known account is one probe; all checks and the first contact come after it.
CREATE OR REPLACE FUNCTION ttfd.resolve_user(p_platform text, p_external_id text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT a.user_id INTO v_user_id
    FROM ttfd.platform_accounts a
    JOIN ttfd.platforms p ON p.name = a.platform
   WHERE a.platform = p_platform
     AND a.external_id = p_external_id
     AND ttfd.may_speak(p.role_name);
  IF FOUND THEN
    RETURN v_user_id;
  END IF;
  RETURN (SELECT c.user_id
            FROM ttfd.create_account(p_platform, ttfd.resolve_platform(p_platform, p_external_id), NULL, NULL) c);
END;
$$;

COMMENT ON FUNCTION ttfd.resolve_user(text, text) IS
  'The user behind a platform account, created at first contact. Raises TP001, TU002.';

CREATE OR REPLACE FUNCTION ttfd.start_of_window(p_seconds integer, p_at timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.date_bin(pg_catalog.make_interval(secs => p_seconds), p_at, TIMESTAMPTZ '1970-01-01 00:00:00+00');
$$;

COMMENT ON FUNCTION ttfd.start_of_window(integer, timestamptz) IS
  'Start of the clock-aligned window (UTC) of the given length in seconds that holds the time; NULL without a length.';

RESET ROLE;
