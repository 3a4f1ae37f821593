-- Generated from sql/functions/progression by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

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

CREATE OR REPLACE FUNCTION ttfd.get_position(p_user_id bigint, p_metric text DEFAULT 'xp')
RETURNS TABLE ("position" bigint, value bigint, total bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_id bigint;
BEGIN
  PERFORM require_metric(p_metric);
  SELECT u.id, m.value INTO v_id, value
    FROM unified_users asked
    JOIN unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
   CROSS JOIN LATERAL metric_value(u, p_metric) m (value)
   WHERE asked.id = p_user_id;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  "position" := count_above(p_metric, value, v_id) + 1;
  total := (SELECT count(*) FROM unified_users u WHERE u.merged_into IS NULL);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_position(bigint, text) IS
  'Where a member stands by a metric (see list_leaderboard). Returns position, value, total (members listed). Raises TU001 when there is no such user, 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.get_position(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_position(bigint, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

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

-- The whole truth rather than changes: a bot that was away compares and is right again.
CREATE OR REPLACE FUNCTION ttfd.list_desired_roles(p_platform text, p_after text DEFAULT NULL, p_limit integer DEFAULT 100)
RETURNS TABLE (user_id bigint, external_id text, role_ids text[], other_role_ids text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM require_platform(p_platform);
  RETURN QUERY
  SELECT d.user_id, d.external_id, d.role_ids, d.other_role_ids
    FROM desired_roles(p_platform, ARRAY(
           SELECT a.external_id
             FROM platform_accounts a
            WHERE a.platform = p_platform AND (p_after IS NULL OR a.external_id > p_after)
            ORDER BY a.external_id
            LIMIT least(greatest(p_limit, 0), 1000))) d
   ORDER BY d.external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.list_desired_roles(text, text, integer) IS
  'For the bot of a platform, to compare with the roles that its members have: what ranks and achievements give. Returns user_id, external_id, role_ids (to have), other_role_ids (given by ttfd too, but not to this member: take them away); roles that were removed by hand are in neither. Give the external_id of the last row as p_after for the next page (at most 1,000 rows). Raises TP001.';

REVOKE ALL ON FUNCTION ttfd.list_desired_roles(text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_desired_roles(text, text, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

CREATE OR REPLACE FUNCTION ttfd.list_history(p_user_id bigint, p_before bigint DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (
  "position" bigint, event_type text, source_platform text, xp bigint, coins bigint, note text, occurred_at timestamptz,
  event_id uuid, data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT coalesce(u.merged_into, u.id) INTO v_user_id FROM unified_users u WHERE u.id = p_user_id;
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

-- XP has an index of its own kind (see unified_users); the other metrics read the table. A cursor names the last row seen
-- by value and id, not by place, so members who move meanwhile neither hide nor repeat those who do not.
CREATE OR REPLACE FUNCTION ttfd.list_leaderboard(p_metric text, p_limit integer DEFAULT 100, p_after text DEFAULT NULL)
RETURNS TABLE (
  "position" bigint, user_id bigint, display_name text, value bigint, rank_id smallint, rank_name text, rank_color text,
  platforms text[], cursor text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_after_value bigint := split_part(p_after, ':', 1);
  v_after_id bigint := split_part(p_after, ':', 2);
  v_limit integer := least(greatest(p_limit, 0), 1000);
BEGIN
  PERFORM require_metric(p_metric);
  RETURN QUERY
  WITH page AS (
    SELECT u.*, u.xp AS metric
      FROM unified_users u
     WHERE p_metric = 'xp' AND u.merged_into IS NULL
       AND (p_after IS NULL
            OR u.xp_bucket <= v_after_value >> 8 AND (u.xp < v_after_value OR u.xp = v_after_value AND u.id > v_after_id))
     ORDER BY u.xp_bucket DESC, u.xp DESC, u.id
     LIMIT v_limit
  ), other_page AS (
    SELECT u.*, m.value AS metric
      FROM unified_users u
     CROSS JOIN LATERAL metric_value(u, p_metric) m (value)
     WHERE p_metric <> 'xp' AND u.merged_into IS NULL
       AND (p_after IS NULL OR m.value < v_after_value OR m.value = v_after_value AND u.id > v_after_id)
     ORDER BY m.value DESC, u.id
     LIMIT v_limit
  ), listed AS (
    SELECT * FROM page UNION ALL SELECT * FROM other_page
  )
  SELECT row_number() OVER (ORDER BY l.metric DESC, l.id) + f.above, l.id, coalesce(l.display_name, l.username),
         l.metric, l.rank_id, r.name, r.color, l.platforms, l.metric || ':' || l.id
    FROM listed l
    JOIN ranks r ON r.id = l.rank_id
   CROSS JOIN LATERAL (SELECT CASE WHEN p_after IS NULL THEN 0
                                   ELSE count_above(p_metric, v_after_value, v_after_id + 1) END) f (above)
   ORDER BY l.metric DESC, l.id;
END;
$$;

COMMENT ON FUNCTION ttfd.list_leaderboard(text, integer, text) IS
  'The best members by a metric: xp, coins, messages, voice (seconds), games or wins; ties by user_id. Returns position, user_id, display_name, value, rank_id, rank_name, rank_color, platforms, cursor; give the cursor of the last row as p_after for the next page (at most 1,000 rows). Raises 22023 for an unknown metric.';

REVOKE ALL ON FUNCTION ttfd.list_leaderboard(text, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_leaderboard(text, integer, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

CREATE OR REPLACE FUNCTION ttfd.list_member_roles(p_user_id bigint, p_platform text)
RETURNS TABLE (user_id bigint, external_id text, role_ids text[], other_role_ids text[])
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
  SELECT d.user_id, d.external_id, d.role_ids, d.other_role_ids
    FROM desired_roles(p_platform, ARRAY(SELECT a.external_id
                                           FROM platform_accounts a
                                          WHERE a.user_id = v_user_id AND a.platform = p_platform)) d;
END;
$$;

COMMENT ON FUNCTION ttfd.list_member_roles(bigint, text) IS
  'What list_desired_roles says of one member: a row, or none when the member has no account on the platform. Returns user_id, external_id, role_ids, other_role_ids. Raises TU001 when there is no such user, TP001.';

REVOKE ALL ON FUNCTION ttfd.list_member_roles(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_member_roles(bigint, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

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
   WHERE l.place > coalesce(p_after, 0)
   ORDER BY l.place
   LIMIT least(greatest(p_limit, 0), 1000);
END;
$$;

COMMENT ON FUNCTION ttfd.list_season_results(integer, bigint, integer) IS
  'The places of a season: for ever once it is closed, and as it stands before that. Returns place, user_id, display_name, rank_id, xp (earned in the season), reached_at, reward_xp, reward_coins; give the place of the last row as p_after for the next page (at most 1,000 rows). A member who was merged since stands as the survivor. Raises TS001 when there is no such season.';

REVOKE ALL ON FUNCTION ttfd.list_season_results(integer, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_season_results(integer, bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

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

CREATE OR REPLACE FUNCTION ttfd.report_role_removed(p_platform text, p_external_id text, p_role_id text)
RETURNS TABLE (is_changed boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  INSERT INTO removed_roles (platform, external_id, role_id, removed_at)
  SELECT DISTINCT p_platform, v_external_id, p_role_id, ttfd.current_time()
    FROM role_rewards r
   WHERE r.platform = p_platform AND r.role_id = p_role_id
  ON CONFLICT (platform, external_id, role_id) DO NOTHING;
  is_changed := FOUND;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.report_role_removed(text, text, text) IS
  'A person has taken a role from an account by hand: it is not asked for again, until report_role_restored. Roles that ttfd does not give are not remembered. Returns is_changed (false when that was known). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.report_role_removed(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.report_role_removed(text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

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
