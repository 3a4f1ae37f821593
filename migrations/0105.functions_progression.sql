-- Generated from sql/functions/progression by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/progression/add_boost.sql
CREATE OR REPLACE FUNCTION ttfd.add_boost(
  p_factor numeric, p_starts_at timestamptz, p_ends_at timestamptz, p_event_types text[] DEFAULT NULL, p_platforms text[] DEFAULT NULL)
RETURNS TABLE (boost_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  INSERT INTO boosts (factor, starts_at, ends_at, event_types, platforms)
  VALUES (p_factor, coalesce(p_starts_at, ttfd.current_time()), p_ends_at, p_event_types, p_platforms)
  RETURNING id INTO boost_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.add_boost(numeric, timestamptz, timestamptz, text[], text[]) IS
  'Multiplies what events of the whole community earn for a time (from now on without p_starts_at), all or some types and platforms. Returns boost_id. Raises 23514 for a factor or a time that is not allowed, 23502. Audited.';

REVOKE ALL ON FUNCTION ttfd.add_boost(numeric, timestamptz, timestamptz, text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.add_boost(numeric, timestamptz, timestamptz, text[], text[]) TO ttfd_admin;

-- sql/functions/progression/adjust_balance.sql
CREATE OR REPLACE FUNCTION ttfd.adjust_balance(
  p_event_id uuid, p_user_id bigint, p_xp bigint, p_coins bigint, p_reason text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_user(p_user_id);
  v_data jsonb := jsonb_build_object('xp', p_xp, 'coins', p_coins, 'reason', p_reason);
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'adjustment', 'system', v_data);
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  PERFORM check_reason(p_reason);
  v_outcome := apply_grant(p_event_id, v_user, 'adjustment', 'system', v_data, coalesce(p_xp, 0), coalesce(p_coins, 0));
  INSERT INTO adjustments (event_id, user_id, xp, coins, reason, adjusted_at)
  VALUES (p_event_id, v_user.id, v_outcome.xp, v_outcome.coins, p_reason, ttfd.current_time());
  PERFORM audit('balance_adjusted', NULL, v_data || jsonb_build_object('event_id', p_event_id, 'user_id', v_user.id));
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.adjust_balance(uuid, bigint, bigint, bigint, text) IS
  'Corrects a balance by any amounts, also below zero, as an event adjustment. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TC001 when coins would fall below zero, 23514 when XP would, 22023 without a reason, TE002 when the id was used with other content, TU001, 22004 without an id. Audited; revert_adjustment takes it back. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.adjust_balance(uuid, bigint, bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.adjust_balance(uuid, bigint, bigint, bigint, text) TO ttfd_admin;

-- sql/functions/progression/award.sql
-- For whatever the rules of event_types do not cover: a contest, a thank-you. Trusted, and still within a limit.
CREATE OR REPLACE FUNCTION ttfd.award(p_event_id uuid, p_user_id bigint, p_xp bigint, p_coins bigint, p_reason text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_user(p_user_id);
  v_data jsonb := jsonb_build_object('xp', p_xp, 'coins', p_coins, 'reason', p_reason);
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'award', 'system', v_data);
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  PERFORM check_amount(p_xp, 0, read_setting('award_maximum'));
  PERFORM check_amount(p_coins, 0, read_setting('award_maximum'));
  RETURN apply_grant(p_event_id, v_user, 'award', 'system', v_data, p_xp, p_coins);
END;
$$;

COMMENT ON FUNCTION ttfd.award(uuid, bigint, bigint, bigint, text) IS
  'Grants XP and coins at once, as an event award. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TU001 when there is no such user, TE002 when the id was used with other content, TE003 for an amount below 0 or above the setting award_maximum, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.award(uuid, bigint, bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.award(uuid, bigint, bigint, bigint, text) TO ttfd_admin;

-- sql/functions/progression/buy_item.sql
-- The user is locked first, then the item: stock and limit are exact, and two buyers never wait for each other crosswise.
CREATE OR REPLACE FUNCTION ttfd.buy_item(p_event_id uuid, p_user_id bigint, p_item text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_represented_user(p_user_id);
  v_request jsonb := jsonb_build_object('item', p_item);
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'purchase', 'system', v_request);
  v_item shop_items;
  v_time record;
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  SELECT * INTO v_item FROM shop_items i WHERE i.name = p_item AND i.is_enabled FOR NO KEY UPDATE;
  IF NOT FOUND OR v_item.sold >= v_item.stock_total THEN
    RAISE EXCEPTION 'the item "%" is not on sale, or sold out', p_item
      USING ERRCODE = 'TC003', HINT = 'list_shop lists what can be bought.';
  ELSIF count_owned(v_user.id, p_item) >= v_item.member_limit THEN
    RAISE EXCEPTION 'a member may have % of the item "%" at a time', v_item.member_limit, p_item
      USING ERRCODE = 'TC004', HINT = 'list_inventory lists them, and when they expire.';
  END IF;
  SELECT * INTO v_time FROM schedule_purchase(v_user.id, v_item);
  v_outcome := apply_grant(
    p_event_id, v_user, 'purchase', 'system',
    v_request || jsonb_build_object('price', v_item.price, 'effect', v_item.effect,
                                    'starts_at', v_time.starts_at, 'expires_at', v_time.expires_at),
    0, -v_item.price);
  PERFORM keep_purchase(p_event_id, v_user.id, v_item, v_time.starts_at, v_time.expires_at);
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.buy_item(uuid, bigint, text) IS
  'Buys an item of the shop at once, as an event purchase whose data say item, price, effect, starts_at and expires_at; list_inventory shows it. A bought boost multiplies what the member earns while it lasts; one of the same item begins when the earlier ends. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp (0), coins (below zero), note, total_xp, total_coins, rank_id, rank_up. Raises TC001 when the balance does not cover the price, TC003 when the item is not on sale or sold out, TC004 when the member has as many as allowed, TE002 when the id was used with other content, TU001, TP001 when the user has no account for which the caller may speak, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.buy_item(uuid, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.buy_item(uuid, bigint, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/change_event_type.sql
-- A trigger keeps the version before and writes the audit log.
CREATE OR REPLACE FUNCTION ttfd.change_event_type(p_name text, p_changes jsonb)
RETURNS TABLE (
  name text, xp bigint, coins bigint, per_seconds integer, max_seconds integer, cooldown_seconds integer,
  daily_xp_cap bigint, stated_xp_max bigint, stated_coins_max bigint, allows_negative boolean, is_admin_only boolean,
  is_boostable boolean, counter text, is_enabled boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_rule event_types;
  v_may CONSTANT text[] := ARRAY['xp', 'coins', 'per_seconds', 'max_seconds', 'cooldown_seconds', 'daily_xp_cap', 'stated_xp_max',
                                 'stated_coins_max', 'is_boostable', 'is_enabled'];
BEGIN
  IF p_changes - v_may <> '{}' THEN
    RAISE EXCEPTION 'this cannot be changed: %', p_changes - v_may
      USING ERRCODE = 'invalid_parameter_value', HINT = format('Changeable are %s.', array_to_string(v_may, ', '));
  END IF;
  SELECT * INTO v_rule FROM event_types t WHERE t.name = p_name FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no event type "%"', p_name USING ERRCODE = 'no_data_found', HINT = 'list_event_types lists them.';
  END IF;
  v_rule := jsonb_populate_record(v_rule, p_changes);
  RETURN QUERY
  UPDATE event_types t
     SET xp = v_rule.xp, coins = v_rule.coins, per_seconds = v_rule.per_seconds, max_seconds = v_rule.max_seconds,
         cooldown_seconds = v_rule.cooldown_seconds, daily_xp_cap = v_rule.daily_xp_cap, stated_xp_max = v_rule.stated_xp_max,
         stated_coins_max = v_rule.stated_coins_max, is_boostable = v_rule.is_boostable, is_enabled = v_rule.is_enabled
   WHERE t.name = p_name
  RETURNING t.name, t.xp, t.coins, t.per_seconds, t.max_seconds, t.cooldown_seconds, t.daily_xp_cap, t.stated_xp_max,
            t.stated_coins_max, t.allows_negative, t.is_admin_only, t.is_boostable, t.counter, t.is_enabled;
END;
$$;

COMMENT ON FUNCTION ttfd.change_event_type(text, jsonb) IS
  'Changes what an event earns, for events that happen from now on; p_changes is an object of columns and new values, NULL for no limit. Returns the row as list_event_types does. Raises P0002 for an unknown type, 22023 for a column that cannot be changed, 23514, 23502, 22P02 or 22003 for a value that is not allowed. Audited.';

REVOKE ALL ON FUNCTION ttfd.change_event_type(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.change_event_type(text, jsonb) TO ttfd_admin;

-- sql/functions/progression/claim_daily.sql
-- Once a day for the member, whatever the platform. The row lock makes three claims in the same instant one and two refusals.
CREATE OR REPLACE FUNCTION ttfd.claim_daily(p_event_id uuid, p_platform text, p_external_id text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN pay_daily(p_event_id, lock_user(resolve_user(p_platform, p_external_id)), p_platform);
END;
$$;

COMMENT ON FUNCTION ttfd.claim_daily(uuid, text, text) IS
  'The daily reward, once a day of the member''s time zone and across all platforms, as an event daily_claim whose data say the streak, the bonus in percent and the freezes used. Days in a row raise the bonus; a freeze, earned by them too, stands in for a missed day. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TC002 when the day was claimed (the hint says from when the next can be), TE002 when the id was used with other content, TU002, TP001, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.claim_daily(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.claim_daily(uuid, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/claim_work.sql
-- Small change for showing up, drawn by the server: whoever called could otherwise draw until it pleases.
CREATE OR REPLACE FUNCTION ttfd.claim_work(p_event_id uuid, p_platform text, p_external_id text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_user unified_users := lock_user(resolve_user(p_platform, p_external_id));
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'work', p_platform, '{}');
  v_seconds integer;
  v_window timestamptz;
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  v_seconds := read_setting('work_cooldown_seconds');
  v_window := start_of_window(v_seconds, v_now);
  IF EXISTS (SELECT 1 FROM award_windows w
              WHERE w.user_id = v_user.id AND w.event_type = 'work' AND NOT w.is_daily AND w.starts_at >= v_window) THEN
    PERFORM raise_already_claimed('the pay for work', v_window + make_interval(secs => v_seconds));
  END IF;
  v_outcome := apply_grant(p_event_id, v_user, 'work', p_platform, '{}', draw_setting('work_xp'), draw_setting('work_coins'));
  PERFORM keep_award_windows(v_user.id, 'work', v_window, NULL, v_outcome.xp);
  UPDATE unified_users u SET last_active = greatest(u.last_active, v_now) WHERE u.id = v_user.id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.claim_work(uuid, text, text) IS
  'Pay for work, once in each hour of the clock (setting work_cooldown_seconds) and across all platforms, as an event work: XP and coins are drawn from the settings work_xp and work_coins. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TC002 when it was paid (the hint says from when the next can be), TE002 when the id was used with other content, TU002, TP001, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.claim_work(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.claim_work(uuid, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/close_season.sql
-- The row lock makes it once: whoever comes second finds the season closed.
CREATE OR REPLACE FUNCTION ttfd.close_season(p_season_id integer)
RETURNS TABLE (season_id integer, status text, participants bigint, champion_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_season seasons;
BEGIN
  SELECT * INTO v_season FROM seasons s WHERE s.id = p_season_id FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM raise_unknown_season(p_season_id);
  END IF;
  IF v_season.closed_at IS NOT NULL THEN
    status := 'already_closed';
  ELSIF v_season.starts_at >= ttfd.current_time() THEN
    RAISE EXCEPTION 'season % has not begun', p_season_id USING ERRCODE = 'invalid_parameter_value';
  ELSE
    PERFORM settle_season(v_season);
    status := 'closed';
  END IF;
  season_id := p_season_id;
  SELECT count(*), max(r.user_id) FILTER (WHERE r.place = 1) INTO participants, champion_id
    FROM season_results r
   WHERE r.season_id = p_season_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.close_season(integer) IS
  'Ends a season now, if it has not ended, and settles it, once: places by XP, then by who had it first, then by user_id; everybody who took part gets an event season_reward with place and reward, which the worker pays. It counts what has been applied: tend_seasons waits for late events, this does not. Returns season_id, status (closed; already_closed), participants, champion_id. Raises TS001 when there is no such season, 22023 when it has not begun. Audited. Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.close_season(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.close_season(integer) TO ttfd_admin;

-- sql/functions/progression/draw_question.sql
CREATE OR REPLACE FUNCTION ttfd.draw_question()
RETURNS TABLE (question_id integer, question_ru text, question_en text, options_ru text[], options_en text[])
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT q.id, q.question_ru, q.question_en, q.options_ru, q.options_en
    FROM quiz_questions q
   WHERE q.is_enabled
   ORDER BY random()
   LIMIT 1;
$$;

COMMENT ON FUNCTION ttfd.draw_question() IS
  'A question of the quiz, by chance; play_game knows the answer. Returns question_id, question_ru, question_en, options_ru, options_en; no row when there is none.';

REVOKE ALL ON FUNCTION ttfd.draw_question() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.draw_question() TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/end_boost.sql
-- One that has begun keeps its past: events that come late are still multiplied by it.
CREATE OR REPLACE FUNCTION ttfd.end_boost(p_boost_id bigint)
RETURNS TABLE (boost_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  DELETE FROM boosts b WHERE b.id = p_boost_id AND b.user_id IS NULL AND b.starts_at >= v_now RETURNING b.id INTO boost_id;
  IF boost_id IS NULL THEN
    UPDATE boosts b SET ends_at = v_now WHERE b.id = p_boost_id AND b.user_id IS NULL AND b.ends_at > v_now
    RETURNING b.id INTO boost_id;
  END IF;
  IF boost_id IS NULL THEN
    RAISE EXCEPTION 'no boost % that is still to end', coalesce(p_boost_id::text, 'NULL')
      USING ERRCODE = 'no_data_found', HINT = 'list_boosts lists them.';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.end_boost(bigint) IS
  'Ends a boost of the whole community now, or cancels one that has not begun. Returns boost_id. Raises P0002 when there is none, or it has ended. Audited.';

REVOKE ALL ON FUNCTION ttfd.end_boost(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.end_boost(bigint) TO ttfd_admin;

-- sql/functions/progression/get_position.sql
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

-- sql/functions/progression/list_achievements.sql
CREATE OR REPLACE FUNCTION ttfd.list_achievements(p_user_id bigint)
RETURNS TABLE (
  name text, title_ru text, title_en text, description_ru text, description_en text, metric text, value bigint,
  threshold bigint, xp bigint, coins bigint, is_unlocked boolean, unlocked_at timestamptz, is_hidden boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users;
BEGIN
  SELECT u.* INTO v_user
    FROM unified_users asked
    JOIN unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
   WHERE asked.id = p_user_id;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  RETURN QUERY
  SELECT a.name, a.title_ru, a.title_en, a.description_ru, a.description_en, a.metric, p.value, a.threshold, a.xp, a.coins,
         a.name = ANY (v_user.achievements), k.unlocked_at, a.is_hidden
    FROM achievements a
    JOIN achievement_progress(ARRAY[v_user.id]) p ON p.name = a.name
    LEFT JOIN user_achievements k ON k.user_id = v_user.id AND k.achievement = a.name
   WHERE a.name = ANY (v_user.achievements) OR (a.is_enabled AND NOT a.is_hidden)
   ORDER BY a.sort_order, a.name;
END;
$$;

COMMENT ON FUNCTION ttfd.list_achievements(bigint) IS
  'What a member has unlocked and what is left to unlock; hidden ones only once they are unlocked. Returns name, title_ru, title_en, description_ru, description_en, metric, value (of the member; NULL for a place in a season that it never had), threshold, xp, coins (the reward), is_unlocked, unlocked_at (NULL when it came from a legacy system), is_hidden. A merged user is followed to the survivor. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_achievements(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_achievements(bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/progression/list_boosts.sql
CREATE OR REPLACE FUNCTION ttfd.list_boosts()
RETURNS TABLE (
  boost_id bigint, factor numeric, starts_at timestamptz, ends_at timestamptz, event_types text[], platforms text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT b.id, b.factor, b.starts_at, b.ends_at, b.event_types, b.platforms
    FROM boosts b
   WHERE b.user_id IS NULL AND b.ends_at > ttfd.current_time()
   ORDER BY b.starts_at, b.id;
$$;

COMMENT ON FUNCTION ttfd.list_boosts() IS
  'Multipliers for the whole community that hold or are to come. Returns boost_id, factor, starts_at, ends_at, event_types, platforms (NULL for all).';

REVOKE ALL ON FUNCTION ttfd.list_boosts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_boosts() TO ttfd_admin;

-- sql/functions/progression/list_desired_roles.sql
-- The whole truth rather than changes: a bot that was away compares and is right again.
CREATE OR REPLACE FUNCTION ttfd.list_desired_roles(p_platform text, p_after text DEFAULT NULL, p_limit integer DEFAULT 100)
RETURNS TABLE (user_id bigint, external_id text, role_ids text[], other_role_ids text[], given_role_ids text[],
               given_at timestamptz[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_limit integer := least(greatest(p_limit, 0), 1000);
BEGIN
  PERFORM require_platform(p_platform);
  RETURN QUERY
  SELECT d.user_id, d.external_id, d.role_ids, d.other_role_ids, d.given_role_ids, d.given_at
    FROM desired_roles(p_platform, ARRAY(
           (SELECT a.external_id
              FROM platform_accounts a
             WHERE a.platform = p_platform AND (p_after IS NULL OR a.external_id > p_after)
             ORDER BY a.external_id
             LIMIT v_limit)
            UNION
           (SELECT DISTINCT g.external_id
              FROM given_roles g
             WHERE g.platform = p_platform AND (p_after IS NULL OR g.external_id > p_after)
             ORDER BY g.external_id
             LIMIT v_limit)
            ORDER BY 1
            LIMIT v_limit)) d
   ORDER BY d.external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.list_desired_roles(text, text, integer) IS
  'For the bot of a platform, to compare with the roles that its members have: what ranks, achievements and purchases give. Returns user_id (NULL for an account that was unlinked and still has what it was given), external_id, role_ids (to have), other_role_ids (given by ttfd too, but not to this member: take them away), given_role_ids and given_at (of both, what report_role_given has named: one of role_ids that the member, who has not left since, lacks was taken by hand); roles that were removed by hand are in none. Give the external_id of the last row as p_after for the next page (at most 1,000 rows). Raises TP001.';

REVOKE ALL ON FUNCTION ttfd.list_desired_roles(text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_desired_roles(text, text, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/list_event_types.sql
CREATE OR REPLACE FUNCTION ttfd.list_event_types()
RETURNS TABLE (
  name text, xp bigint, coins bigint, per_seconds integer, max_seconds integer, cooldown_seconds integer,
  daily_xp_cap bigint, stated_xp_max bigint, stated_coins_max bigint, allows_negative boolean, is_admin_only boolean,
  is_boostable boolean, counter text, is_enabled boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT t.name, t.xp, t.coins, t.per_seconds, t.max_seconds, t.cooldown_seconds, t.daily_xp_cap, t.stated_xp_max,
         t.stated_coins_max, t.allows_negative, t.is_admin_only, t.is_boostable, t.counter, t.is_enabled
    FROM event_types t
   ORDER BY t.is_admin_only, t.name;
$$;

COMMENT ON FUNCTION ttfd.list_event_types() IS
  'The rules of what events earn. Returns name, xp, coins, per_seconds, max_seconds, cooldown_seconds, daily_xp_cap, stated_xp_max, stated_coins_max, allows_negative, is_admin_only, is_boostable, counter, is_enabled: the columns of event_types.';

REVOKE ALL ON FUNCTION ttfd.list_event_types() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_event_types() TO ttfd_admin;

-- sql/functions/progression/list_games.sql
CREATE OR REPLACE FUNCTION ttfd.list_games()
RETURNS TABLE (
  game text, choices integer, asks_questions boolean, win_xp bigint, loss_xp bigint, factor integer, max_bet bigint,
  cooldown_seconds integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT g.name, g.choices, g.asks_questions, g.win_xp, g.loss_xp, g.factor, g.max_bet, g.cooldown_seconds
    FROM games g
   WHERE g.is_enabled
   ORDER BY g.name;
$$;

COMMENT ON FUNCTION ttfd.list_games() IS
  'The games that can be played. Returns game, choices (numbers to choose from; NULL where nothing is chosen), asks_questions, win_xp, loss_xp, factor (a winner gets the bet so many times), max_bet, cooldown_seconds.';

REVOKE ALL ON FUNCTION ttfd.list_games() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_games() TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/progression/list_history.sql
CREATE OR REPLACE FUNCTION ttfd.list_history(p_user_id bigint, p_before bigint DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (
  "position" bigint, event_type text, source_platform text, xp bigint, coins bigint, note text, occurred_at timestamptz,
  event_id uuid, data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT coalesce(u.merged_into, u.id) INTO v_user_id FROM unified_users u WHERE u.id = p_user_id AND u.forgotten_at IS NULL;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  RETURN QUERY
  SELECT e.position, e.event_type, e.source_platform, e.xp, e.coins, e.note, e.occurred_at, e.id, e.data
    FROM cross_platform_events_processed e
   WHERE e.user_id = v_user_id
     AND e.position < coalesce(p_before, 9223372036854775807)
   ORDER BY e.position DESC
   LIMIT least(greatest(p_limit, 0), 1000);
END;
$$;

COMMENT ON FUNCTION ttfd.list_history(bigint, bigint, integer) IS
  'What a member''s balance is made of, newest first: every applied event with what it granted and the note why not more (cooldown, daily_cap, idle, disabled). Returns position, event_type, source_platform, xp, coins, note, occurred_at, event_id, data; give the position of the last row as p_before for the next page (at most 1,000 rows). Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_history(bigint, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_history(bigint, bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/progression/list_inventory.sql
CREATE OR REPLACE FUNCTION ttfd.list_inventory(p_user_id bigint)
RETURNS TABLE (
  event_id uuid, item text, title_ru text, title_en text, price bigint, effect jsonb, bought_at timestamptz,
  starts_at timestamptz, expires_at timestamptz, status text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_user unified_users := find_survivor(p_user_id);
BEGIN
  RETURN QUERY
  SELECT p.event_id, p.item, i.title_ru, i.title_en, p.price, p.effect, p.bought_at, p.starts_at, p.expires_at,
         CASE WHEN p.expires_at <= v_now THEN 'expired' WHEN p.starts_at > v_now THEN 'waiting' ELSE 'active' END
    FROM purchases p
    JOIN shop_items i ON i.name = p.item
   WHERE p.user_id = v_user.id
   ORDER BY p.bought_at DESC, p.starts_at DESC;
END;
$$;

COMMENT ON FUNCTION ttfd.list_inventory(bigint) IS
  'What a member has bought, newest first. Returns event_id, item, title_ru, title_en, price, effect, bought_at, starts_at, expires_at (NULL for good), status (active, waiting for an earlier one of the same item to end, expired). Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_inventory(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_inventory(bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/progression/list_leaderboard.sql
-- A cursor names the last row seen by value, time and id, not by place, so members who move meanwhile neither hide nor
-- repeat those who do not. Seconds in double precision hold every microsecond until 2106.
CREATE OR REPLACE FUNCTION ttfd.list_leaderboard(p_metric text, p_limit integer DEFAULT 100, p_after text DEFAULT NULL)
RETURNS TABLE (
  "position" bigint, user_id bigint, display_name text, value bigint, rank_id smallint, rank_name text, rank_color text,
  platforms text[], cursor text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
  v_value bigint := 9223372036854775807;
  v_since timestamptz := TIMESTAMPTZ '-infinity';
  v_id bigint := 0;
  v_above bigint := 0;
BEGIN
  PERFORM require_metric(p_metric);
  IF p_after IS NOT NULL THEN
    v_value := split_part(p_after, ':', 1)::bigint;
    v_since := TIMESTAMPTZ 'epoch' + split_part(p_after, ':', 2)::bigint * INTERVAL '1 microsecond';
    v_id := split_part(p_after, ':', 3)::bigint;
    v_above := (count_above(p_metric, v_value, v_since, v_id + 1)).above;
  END IF;
  RETURN QUERY
  SELECT v_above + w.turn, u.id, coalesce(u.display_name, u.username), w.value, u.rank_id, r.name, r.color, u.platforms,
         w.value || ':' || (date_part('epoch', w.since) * 1000000)::bigint || ':' || u.id
    FROM walk_board(p_metric, v_value, v_since, v_id, false, least(greatest(p_limit, 0), 1000)) w
    JOIN unified_users u ON u.id = w.user_id
    JOIN ranks r ON r.id = u.rank_id
   ORDER BY w.turn;
END;
$$;

COMMENT ON FUNCTION ttfd.list_leaderboard(text, integer, text) IS
  'The best members by a metric: xp, season (XP earned in the running season, by those who earned any), coins, messages, voice (seconds), games or wins. Among equals who was there first stands above. Merged, forgotten and hidden members are left out. Returns position, user_id, display_name, value, rank_id, rank_name, rank_color, platforms, cursor; give the cursor of the last row as p_after for the next page (at most 1,000 rows). Raises 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.list_leaderboard(text, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_leaderboard(text, integer, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/progression/list_member_roles.sql
CREATE OR REPLACE FUNCTION ttfd.list_member_roles(p_user_id bigint, p_platform text)
RETURNS TABLE (user_id bigint, external_id text, role_ids text[], other_role_ids text[], given_role_ids text[],
               given_at timestamptz[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  PERFORM require_platform(p_platform);
  SELECT coalesce(u.merged_into, u.id) INTO v_user_id FROM unified_users u WHERE u.id = p_user_id;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  RETURN QUERY
  SELECT d.user_id, d.external_id, d.role_ids, d.other_role_ids, d.given_role_ids, d.given_at
    FROM desired_roles(p_platform, ARRAY(SELECT a.external_id
                                           FROM platform_accounts a
                                          WHERE a.user_id = v_user_id AND a.platform = p_platform)) d;
END;
$$;

COMMENT ON FUNCTION ttfd.list_member_roles(bigint, text) IS
  'What list_desired_roles says of one member: a row, or none when the member has no account on the platform. Returns user_id, external_id, role_ids, other_role_ids, given_role_ids, given_at. Raises TU001 when there is no such user, TP001.';

REVOKE ALL ON FUNCTION ttfd.list_member_roles(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_member_roles(bigint, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/list_neighbours.sql
CREATE OR REPLACE FUNCTION ttfd.list_neighbours(p_user_id bigint, p_metric text DEFAULT 'xp', p_count integer DEFAULT 3)
RETURNS TABLE (
  "position" bigint, user_id bigint, display_name text, value bigint, rank_id smallint, rank_name text, rank_color text,
  platforms text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
  v_place record;
  v_count integer := least(greatest(p_count, 0), 100);
  v_position bigint;
BEGIN
  PERFORM require_metric(p_metric);
  v_place := find_place(p_user_id, p_metric);
  IF v_place.since IS NULL THEN
    RETURN;
  END IF;
  v_position := (count_above(p_metric, v_place.value, v_place.since, v_place.user_id)).above + 1;
  RETURN QUERY
  SELECT v_position + n.distance, u.id, coalesce(u.display_name, u.username), n.value, u.rank_id, r.name, r.color, u.platforms
    FROM (SELECT -a.turn, a.user_id, a.value
            FROM walk_board(p_metric, v_place.value, v_place.since, v_place.user_id, true, v_count) a
           UNION ALL
          SELECT 0, v_place.user_id, v_place.value
           UNION ALL
          SELECT b.turn, b.user_id, b.value
            FROM walk_board(p_metric, v_place.value, v_place.since, v_place.user_id, false, v_count) b) n (distance, user_id, value)
    JOIN unified_users u ON u.id = n.user_id
    JOIN ranks r ON r.id = u.rank_id
   ORDER BY n.distance;
END;
$$;

COMMENT ON FUNCTION ttfd.list_neighbours(bigint, text, integer) IS
  'A member on the leaderboard by a metric (see list_leaderboard) with up to p_count (at most 100) members above and as many below, in order. Returns position, user_id, display_name, value, rank_id, rank_name, rank_color, platforms; no row for a member who is not on it. Raises TU001 when there is no such user, 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.list_neighbours(bigint, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_neighbours(bigint, text, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/progression/list_season_results.sql
CREATE OR REPLACE FUNCTION ttfd.list_season_results(
  p_season_id integer, p_after bigint DEFAULT 0, p_limit integer DEFAULT 100)
RETURNS TABLE (
  place bigint, user_id bigint, display_name text, rank_id smallint, xp bigint, reached_at timestamptz, reward_xp bigint,
  reward_coins bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM seasons s WHERE s.id = p_season_id) THEN
    PERFORM raise_unknown_season(p_season_id);
  END IF;
  RETURN QUERY
  SELECT l.place, u.id, coalesce(u.display_name, u.username), u.rank_id, l.xp, l.reached_at, l.reward_xp, l.reward_coins
    FROM (SELECT r.place, r.user_id, r.xp, r.reached_at, r.reward_xp, r.reward_coins
            FROM season_results r
           WHERE r.season_id = p_season_id
           UNION ALL
          SELECT s.place, s.user_id, s.xp, s.reached_at, w.xp, w.coins
            FROM season_standings(p_season_id) s
           CROSS JOIN LATERAL find_season_reward(p_season_id, s.place) w
           WHERE EXISTS (SELECT 1 FROM seasons o WHERE o.id = p_season_id AND o.closed_at IS NULL)) l
    JOIN unified_users m ON m.id = l.user_id
    JOIN unified_users u ON u.id = coalesce(m.merged_into, m.id)
   WHERE l.place > coalesce(p_after, 0) AND NOT u.is_hidden
   ORDER BY l.place
   LIMIT least(greatest(p_limit, 0), 1000);
END;
$$;

COMMENT ON FUNCTION ttfd.list_season_results(integer, bigint, integer) IS
  'The places of a season: for ever once it is closed, and as it stands before that. Returns place, user_id, display_name, rank_id, xp (earned in the season), reached_at, reward_xp, reward_coins; give the place of the last row as p_after for the next page (at most 1,000 rows). A member who was merged since stands as the survivor; a hidden one is left out, and the place stays empty. Raises TS001 when there is no such season.';

REVOKE ALL ON FUNCTION ttfd.list_season_results(integer, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_season_results(integer, bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/progression/list_seasons.sql
CREATE OR REPLACE FUNCTION ttfd.list_seasons(p_limit integer DEFAULT 100)
RETURNS TABLE (
  season_id integer, name text, status text, starts_at timestamptz, ends_at timestamptz, closed_at timestamptz,
  participants bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT s.id, s.name,
         CASE WHEN s.closed_at IS NOT NULL THEN 'closed'
              WHEN s.ends_at <= ttfd.current_time() THEN 'ended'
              WHEN s.starts_at <= ttfd.current_time() THEN 'running'
              ELSE 'planned' END,
         s.starts_at, s.ends_at, s.closed_at,
         CASE WHEN s.closed_at IS NOT NULL THEN (SELECT count(*) FROM season_results r WHERE r.season_id = s.id) END
    FROM seasons s
   ORDER BY s.starts_at DESC
   LIMIT least(greatest(p_limit, 0), 1000);
$$;

COMMENT ON FUNCTION ttfd.list_seasons(integer) IS
  'Seasons, the latest first, at most 1,000. Returns season_id, name, status (planned; running; ended, while late events are waited for; closed), starts_at, ends_at, closed_at, participants (of closed ones).';

REVOKE ALL ON FUNCTION ttfd.list_seasons(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_seasons(integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;

-- sql/functions/progression/list_settings.sql
CREATE OR REPLACE FUNCTION ttfd.list_settings()
RETURNS TABLE (name text, value jsonb, kind text, minimum numeric, maximum numeric, description text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT s.name, s.value, s.kind, s.minimum, s.maximum, s.description FROM settings s ORDER BY s.name;
$$;

COMMENT ON FUNCTION ttfd.list_settings() IS
  'The numbers that an administrator may turn. Returns name, value, kind (integer, number, or range: two whole numbers), minimum, maximum, description.';

REVOKE ALL ON FUNCTION ttfd.list_settings() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_settings() TO ttfd_admin;

-- sql/functions/progression/list_shop.sql
CREATE OR REPLACE FUNCTION ttfd.list_shop(p_user_id bigint DEFAULT NULL)
RETURNS TABLE (
  item text, title_ru text, title_en text, description_ru text, description_en text, price bigint, in_stock bigint,
  member_limit integer, duration_seconds integer, effect jsonb, owned bigint, status text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users;
BEGIN
  IF p_user_id IS NOT NULL THEN
    v_user := find_survivor(p_user_id);
  END IF;
  RETURN QUERY
  SELECT i.name, i.title_ru, i.title_en, i.description_ru, i.description_en, i.price, i.stock_total - i.sold, i.member_limit,
         i.duration_seconds, i.effect, o.owned,
         CASE WHEN i.sold >= i.stock_total THEN 'sold_out'
              WHEN o.owned >= i.member_limit THEN 'limit_reached'
              WHEN v_user.coins < i.price THEN 'too_expensive'
              ELSE 'available'
         END
    FROM shop_items i
   CROSS JOIN LATERAL (SELECT count_owned(v_user.id, i.name)) o (owned)
   WHERE i.is_enabled
   ORDER BY i.sort_order, i.name;
END;
$$;

COMMENT ON FUNCTION ttfd.list_shop(bigint) IS
  'What is on sale, in the order of the shop, for a member or (NULL) for anybody. Returns item, title_ru, title_en, description_ru, description_en, price, in_stock (NULL for any number), member_limit (how many a member may have at a time), duration_seconds (NULL for good), effect, owned (unexpired ones of the member), status (available, too_expensive, limit_reached, sold_out). Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_shop(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_shop(bigint) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/progression/play_game.sql
-- The bet is an event of its own, because what a game grants is never below zero. Both happen or none.
CREATE OR REPLACE FUNCTION ttfd.play_game(
  p_event_id uuid, p_platform text, p_external_id text, p_game text, p_choice integer DEFAULT NULL,
  p_bet bigint DEFAULT 0, p_question_id integer DEFAULT NULL)
RETURNS TABLE (
  event_id uuid, user_id bigint, status text, xp bigint, coins bigint, note text, total_xp bigint, total_coins bigint,
  rank_id smallint, rank_up boolean, won boolean, drawn bigint, bet bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_bet bigint := coalesce(p_bet, 0);
  v_request jsonb := jsonb_build_object('game_type', p_game, 'choice', p_choice, 'bet', v_bet, 'question_id', p_question_id);
  v_user unified_users := lock_user(resolve_user(p_platform, p_external_id));
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'game_played', p_platform, v_request);
  v_game games;
  v_result record;
BEGIN
  IF v_outcome.status IS NULL THEN
    v_game := open_game(v_user.id, p_game, v_bet);
    v_result := draw_result(v_game, p_choice, v_bet, p_question_id);
    IF v_bet > 0 THEN
      PERFORM spend_coins(derive_event_id(p_event_id, 'bet'), v_user.id, v_bet, p_game);
    END IF;
    v_outcome := apply_event(p_event_id, p_platform, p_external_id, 'game_played', v_request || jsonb_build_object(
      'drawn', v_result.drawn, 'won', v_result.won, 'coins', v_result.coins,
      'xp', CASE WHEN v_result.won THEN v_game.win_xp ELSE v_game.loss_xp END));
    PERFORM keep_award_windows(v_user.id, 'game:' || p_game, ttfd.current_time(), NULL, v_outcome.xp);
  END IF;
  RETURN QUERY
  SELECT v_outcome.event_id, v_outcome.user_id, v_outcome.status, v_outcome.xp, v_outcome.coins, v_outcome.note,
         v_outcome.total_xp, v_outcome.total_coins, v_outcome.rank_id, v_outcome.rank_up,
         (e.data -> 'won')::boolean, (e.data -> 'drawn')::bigint, v_bet
    FROM (SELECT) one
    LEFT JOIN cross_platform_events e ON e.id = p_event_id;
END;
$$;

COMMENT ON FUNCTION ttfd.play_game(uuid, text, text, text, integer, bigint, integer) IS
  'Plays a game of list_games at once: takes the bet as an event coins_spent and grants what was won as an event game_played. p_choice is a number that was chosen, or the option chosen of question p_question_id (see draw_question), from 1. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins (granted, the bet not taken off), note, total_xp, total_coins, rank_id, rank_up, won, drawn (the number drawn, the right option, or the coins of a prize), bet. Raises TC001 when the coins do not cover the bet, TC002 when it was played too lately (the hint says from when it can be again), TE002 when the id was used with other content, TE003 for a bet that is not allowed, P0002 for an unknown game, 22023 without a possible choice, TE001, TU002, TP001, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.play_game(uuid, text, text, text, integer, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.play_game(uuid, text, text, text, integer, bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/report_role_given.sql
-- Without this nobody could tell a role that was taken by hand while the bot was away from one that was never given.
CREATE OR REPLACE FUNCTION ttfd.report_role_given(p_platform text, p_external_id text, p_role_id text)
RETURNS TABLE (is_changed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  INSERT INTO given_roles (platform, external_id, role_id, given_at)
  SELECT p_platform, v_external_id, p_role_id, ttfd.current_time()
   WHERE gives_role(p_platform, p_role_id)
  ON CONFLICT (platform, external_id, role_id) DO UPDATE SET given_at = EXCLUDED.given_at;
  is_changed := FOUND;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_role_given(text, text, text) IS
  'An account has a role that it ought to have: the bot has given it or found it. From then on list_desired_roles names it as given, until report_role_taken or report_role_removed. Roles that ttfd does not give are not remembered. Returns is_changed (false for those). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.report_role_given(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_role_given(text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/report_role_removed.sql
CREATE OR REPLACE FUNCTION ttfd.report_role_removed(p_platform text, p_external_id text, p_role_id text)
RETURNS TABLE (is_changed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  INSERT INTO removed_roles (platform, external_id, role_id, removed_at)
  SELECT p_platform, v_external_id, p_role_id, ttfd.current_time()
   WHERE gives_role(p_platform, p_role_id)
  ON CONFLICT (platform, external_id, role_id) DO NOTHING;
  is_changed := FOUND;
  DELETE FROM given_roles g
   WHERE g.platform = p_platform AND g.external_id = v_external_id AND g.role_id = p_role_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_role_removed(text, text, text) IS
  'A person has taken a role from an account by hand: it is not asked for again, until report_role_restored. Roles that ttfd does not give are not remembered. Returns is_changed (false when that was known). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.report_role_removed(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_role_removed(text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/report_role_restored.sql
CREATE OR REPLACE FUNCTION ttfd.report_role_restored(p_platform text, p_external_id text, p_role_id text)
RETURNS TABLE (is_changed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  DELETE FROM removed_roles m
   WHERE m.platform = p_platform AND m.external_id = v_external_id AND m.role_id = p_role_id;
  is_changed := FOUND;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_role_restored(text, text, text) IS
  'A role that was taken by hand may be given again. Returns is_changed (false when it was not taken). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.report_role_restored(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_role_restored(text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/report_role_taken.sql
CREATE OR REPLACE FUNCTION ttfd.report_role_taken(p_platform text, p_external_id text, p_role_id text)
RETURNS TABLE (is_changed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  DELETE FROM given_roles g
   WHERE g.platform = p_platform AND g.external_id = v_external_id AND g.role_id = p_role_id;
  is_changed := FOUND;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_role_taken(text, text, text) IS
  'The bot has taken a role from an account that ought not to have it any more: it may be given again when it is due. Returns is_changed (false when it was not known as given). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.report_role_taken(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_role_taken(text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/revert_adjustment.sql
-- Once: the row of the adjustment remembers by what it was taken back. Rewards for ranks that it brought stay paid.
CREATE OR REPLACE FUNCTION ttfd.revert_adjustment(p_event_id uuid, p_of_event_id uuid, p_reason text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_adjustment adjustments;
  v_user unified_users;
  v_data jsonb := jsonb_build_object('of_event_id', p_of_event_id, 'reason', p_reason);
  v_outcome event_outcome;
BEGIN
  SELECT * INTO v_adjustment FROM adjustments a WHERE a.event_id = p_of_event_id;
  IF NOT FOUND THEN
    PERFORM raise_not_adjusted(p_of_event_id);
  END IF;
  -- A resend asks of whom it was taken back, should two have been one at that time.
  v_user := lock_user(coalesce(
    (SELECT e.user_id FROM cross_platform_events e WHERE e.id = p_event_id AND e.id = v_adjustment.reverted_by),
    v_adjustment.user_id));
  v_outcome := find_first_outcome(p_event_id, v_user.id, 'adjustment_reverted', 'system', v_data);
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  PERFORM check_reason(p_reason);
  UPDATE adjustments a SET reverted_by = p_event_id WHERE a.event_id = p_of_event_id AND a.reverted_by IS NULL;
  IF NOT FOUND THEN
    PERFORM raise_not_adjusted(p_of_event_id);
  END IF;
  PERFORM audit('adjustment_reverted', to_jsonb(v_adjustment), v_data || jsonb_build_object('event_id', p_event_id));
  RETURN apply_grant(p_event_id, v_user, 'adjustment_reverted', 'system', v_data, -v_adjustment.xp, -v_adjustment.coins);
END;
$$;

COMMENT ON FUNCTION ttfd.revert_adjustment(uuid, uuid, text) IS
  'Takes back an adjustment, once, as an event adjustment_reverted. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises P0002 when there is no such adjustment or it was reverted already, TC001 when coins would fall below zero, 23514 when XP would, 22023 without a reason, TE002 when the id was used with other content, 22004 without an id. Audited. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.revert_adjustment(uuid, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.revert_adjustment(uuid, uuid, text) TO ttfd_admin;

-- sql/functions/progression/set_hidden.sql
CREATE OR REPLACE FUNCTION ttfd.set_hidden(p_user_id bigint, p_is_hidden boolean)
RETURNS TABLE (user_id bigint, is_hidden boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  user_id := (lock_represented_user(p_user_id)).id;
  is_hidden := coalesce(p_is_hidden, true);
  UPDATE unified_users u
     SET is_hidden = set_hidden.is_hidden
   WHERE u.id = set_hidden.user_id AND u.is_hidden <> set_hidden.is_hidden;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.set_hidden(bigint, boolean) IS
  'Takes a member off all leaderboards, or puts a member back in the old place. Returns user_id, is_hidden. Raises TU001, TP001 when the user has no account for which the caller may speak.';

REVOKE ALL ON FUNCTION ttfd.set_hidden(bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_hidden(bigint, boolean) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/set_setting.sql
CREATE OR REPLACE FUNCTION ttfd.set_setting(p_name text, p_value jsonb)
RETURNS TABLE (name text, value jsonb, kind text, minimum numeric, maximum numeric, description text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_before jsonb;
BEGIN
  SELECT s.value INTO v_before FROM settings s WHERE s.name = p_name FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no setting "%"', p_name USING ERRCODE = 'no_data_found', HINT = 'list_settings lists them.';
  END IF;
  RETURN QUERY
  UPDATE settings s SET value = p_value WHERE s.name = p_name
  RETURNING s.name, s.value, s.kind, s.minimum, s.maximum, s.description;
  PERFORM audit('setting_changed', jsonb_build_object(p_name, v_before), jsonb_build_object(p_name, p_value));
END;
$$;

COMMENT ON FUNCTION ttfd.set_setting(text, jsonb) IS
  'Changes a setting, from now on. Returns the row as list_settings does. Raises 23514 (settings_value_allowed) for a value outside of its bounds or of another kind, 23502 for NULL, P0002 for an unknown setting. Audited.';

REVOKE ALL ON FUNCTION ttfd.set_setting(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_setting(text, jsonb) TO ttfd_admin;

-- sql/functions/progression/set_time_zone.sql
-- Nothing else to do here: assess_daily remembers the zone of the last claim and deals with a change.
CREATE OR REPLACE FUNCTION ttfd.set_time_zone(p_user_id bigint, p_time_zone text)
RETURNS TABLE (user_id bigint, time_zone text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  -- Before the lock, because the view reads hundreds of files.
  SELECT z.name INTO time_zone FROM pg_timezone_names z WHERE lower(z.name) = lower(btrim(p_time_zone));
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown time zone "%"', p_time_zone
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use a name such as Europe/Moscow.';
  END IF;
  user_id := (lock_represented_user(p_user_id)).id;
  UPDATE unified_users u SET time_zone = set_time_zone.time_zone WHERE u.id = set_time_zone.user_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.set_time_zone(bigint, text) IS
  'Sets where a member''s days begin and end. Never allows a second daily claim, see claim_daily. Returns user_id, time_zone (as PostgreSQL spells it). Raises 22023 for an unknown zone, TU001, TP001 when the user has no account for which the caller may speak.';

REVOKE ALL ON FUNCTION ttfd.set_time_zone(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_time_zone(bigint, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/spend_coins.sql
CREATE OR REPLACE FUNCTION ttfd.spend_coins(p_event_id uuid, p_user_id bigint, p_coins bigint, p_reason text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_represented_user(p_user_id);
  v_data jsonb := jsonb_build_object('coins', p_coins, 'reason', p_reason);
  v_outcome event_outcome := find_first_outcome(p_event_id, v_user.id, 'coins_spent', 'system', v_data);
BEGIN
  IF v_outcome.status IS NOT NULL THEN
    RETURN v_outcome;
  END IF;
  PERFORM check_amount(p_coins, 1, 9223372036854775807);
  RETURN apply_grant(p_event_id, v_user, 'coins_spent', 'system', v_data, 0, -p_coins);
END;
$$;

COMMENT ON FUNCTION ttfd.spend_coins(uuid, bigint, bigint, text) IS
  'Takes coins at once, as an event coins_spent; all or nothing. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp (0), coins (below zero), note, total_xp, total_coins, rank_id, rank_up. Raises TC001 when the balance does not cover them, TE002 when the id was used with other content, TE003 for less than one coin, TU001, TP001 when the user has no account for which the caller may speak, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.spend_coins(uuid, bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.spend_coins(uuid, bigint, bigint, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/start_season.sql
CREATE OR REPLACE FUNCTION ttfd.start_season(
  p_name text, p_starts_at timestamptz DEFAULT NULL, p_ends_at timestamptz DEFAULT NULL)
RETURNS TABLE (season_id integer, name text, starts_at timestamptz, ends_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  starts_at := coalesce(p_starts_at, ttfd.current_time());
  ends_at := coalesce(p_ends_at, starts_at + (SELECT s.length FROM season_settings s));
  IF ends_at <= greatest(starts_at, ttfd.current_time()) THEN
    RAISE EXCEPTION 'a season has to end after it starts, and not in the past' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO seasons AS s (name, starts_at, ends_at) VALUES (p_name, start_season.starts_at, start_season.ends_at)
  RETURNING s.id, s.name INTO season_id, name;
  PERFORM audit('season_started', NULL,
                jsonb_build_object('season_id', season_id, 'name', name, 'starts_at', starts_at, 'ends_at', ends_at));
  PERFORM announce_seasons();
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.start_season(text, timestamptz, timestamptz) IS
  'Starts a season now, or plans it; without an end it lasts as long as season_settings say. What was applied before counts for no season. Its beginning is told by an event season_started. Returns season_id, name, starts_at, ends_at. Raises 23P01 (seasons_do_not_overlap) when another season is in the way: close that first; 22023 when it would not end after it starts, or has ended already; 23502 and 23514 for a name that is missing, empty or longer than 100 characters. Audited. Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.start_season(text, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.start_season(text, timestamptz, timestamptz) TO ttfd_admin;

-- sql/functions/progression/tend_seasons.sql
-- Whatever is due, after a minute or after a month. A season whose last events still wait in the queue stays open until they
-- are applied, so that a worker that was away does not take from anybody what was played in time.
CREATE OR REPLACE FUNCTION ttfd.tend_seasons()
RETURNS TABLE (started bigint, closed bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_season seasons;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM seasons) THEN
    INSERT INTO seasons (name, starts_at, ends_at)
    SELECT 'Season 1', v_now, v_now + s.length FROM season_settings s WHERE s.is_automatic
    ON CONFLICT DO NOTHING;
  END IF;
  PERFORM turn_seasons(v_now);
  closed := 0;
  -- One after the other: each is settled with results, events and an audit line of its own.
  FOR v_season IN
    SELECT s.*
      FROM seasons s
     WHERE s.closed_at IS NULL AND s.ends_at <= v_now - (SELECT g.grace FROM season_settings g)
     ORDER BY s.starts_at
       FOR UPDATE SKIP LOCKED
  LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM cross_platform_events_pending e
                           WHERE e.xp IS NULL AND e.occurred_at >= v_season.starts_at AND e.occurred_at < v_season.ends_at);
    PERFORM settle_season(v_season);
    closed := closed + 1;
  END LOOP;
  started := announce_seasons();
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.tend_seasons() IS
  'Closes seasons that have ended, after a time of grace for late events and not before those that wait are applied; starts the ones that follow (see season_settings), the very first one too. May be called by anybody at any time; what is done is done once. Returns started, closed. Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.tend_seasons() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.tend_seasons() TO ttfd_worker, ttfd_admin;

-- sql/functions/progression/transfer_coins.sql
-- Two events, one for each side; the second has an id derived from the first, so that a resend finds both. The fee is in the
-- sender's row only: it leaves the economy.
CREATE OR REPLACE FUNCTION ttfd.transfer_coins(p_event_id uuid, p_from_id bigint, p_to_id bigint, p_coins bigint)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_from unified_users;
  v_to unified_users;
  v_request jsonb := jsonb_build_object('coins', p_coins);
  v_received_id uuid := derive_event_id(p_event_id, 'transfer_received');
  v_fee numeric;
  v_data jsonb;
  v_outcome event_outcome;
BEGIN
  PERFORM lock_users(ARRAY[p_from_id, p_to_id]);
  v_from := lock_represented_user(p_from_id);
  v_to := lock_user(p_to_id);
  v_outcome := find_first_outcome(p_event_id, v_from.id, 'transfer_sent', 'system', v_request);
  IF v_outcome.status IS NOT NULL THEN
    PERFORM find_first_outcome(v_received_id, v_to.id, 'transfer_received', 'system', v_request);
    RETURN v_outcome;
  ELSIF v_from.id = v_to.id THEN
    RAISE EXCEPTION 'user % cannot send coins to themselves', p_from_id
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Name another member.';
  END IF;
  PERFORM count_transfer(v_from.id, p_coins);
  v_fee := ceil(p_coins * read_setting('transfer_fee_percent') / 100);
  v_data := v_request || jsonb_build_object('fee', v_fee, 'from_user_id', v_from.id, 'to_user_id', v_to.id);
  v_outcome := apply_grant(p_event_id, v_from, 'transfer_sent', 'system', v_data, 0, (-p_coins - v_fee)::bigint);
  PERFORM apply_grant(v_received_id, v_to, 'transfer_received', 'system', v_data, 0, p_coins);
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.transfer_coins(uuid, bigint, bigint, bigint) IS
  'Sends coins to another member at once, as events transfer_sent and transfer_received; the receiver gets all of p_coins, the sender pays the fee (setting transfer_fee_percent) on top. Returns the sender''s event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp (0), coins (below zero, fee included), note, total_xp, total_coins, rank_id, rank_up. Raises TC001 when the balance does not cover coins and fee, TE002 when the id was used with other content, TE003 for less than transfer_minimum or more than is left of transfer_daily_limit (UTC day), 22023 for a transfer to oneself, TU001, TP001 when the sender has no account for which the caller may speak, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.transfer_coins(uuid, bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.transfer_coins(uuid, bigint, bigint, bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/progression/unlock_achievements.sql
-- Who passed a threshold before it was one. Slice by slice, so that a large community neither floods the feed nor stands
-- still. All members of a slice are locked, because a batch that began before the change may be about to write them.
CREATE OR REPLACE FUNCTION ttfd.unlock_achievements(p_limit integer DEFAULT 1000)
RETURNS TABLE (checked integer, unlocked bigint, remaining boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_next bigint;
  v_user_ids bigint[];
BEGIN
  PERFORM require_read_committed();
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 100000 THEN
    RAISE EXCEPTION 'p_limit has to be from 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT s.next_user_id INTO v_next FROM achievement_scan s FOR UPDATE SKIP LOCKED;
  v_user_ids := ARRAY(SELECT u.id FROM unified_users u WHERE u.id >= v_next ORDER BY u.id LIMIT p_limit);
  PERFORM 1 FROM unified_users u WHERE u.id = ANY (v_user_ids) ORDER BY u.id FOR NO KEY UPDATE;
  checked := cardinality(v_user_ids);
  unlocked := settle_achievements(v_user_ids, true);
  remaining := checked = p_limit;
  IF v_next IS NOT NULL THEN
    UPDATE achievement_scan SET next_user_id = CASE WHEN remaining THEN v_user_ids[p_limit] + 1 END;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.unlock_achievements(integer) IS
  'After achievements were added or changed: unlocks them for the next p_limit members (1 to 100,000) who have reached them already, with one event achievement_unlock for each. Returns checked, unlocked (members), remaining (whether to call it again). Nothing to do costs next to nothing. Raises 22023 for a limit out of range. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.unlock_achievements(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.unlock_achievements(integer) TO ttfd_worker, ttfd_admin;

RESET ROLE;
