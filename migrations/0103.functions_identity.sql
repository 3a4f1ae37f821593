-- Generated from sql/functions/identity by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- The tables come from the catalog, so that one that is added later is in the export by itself. A loop, because each has
-- columns of its own. Secrets (columns named like a digest) stay out.
CREATE OR REPLACE FUNCTION ttfd.export_user(p_user_id bigint)
RETURNS TABLE (document jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_ids bigint[] := list_person(p_user_id);
  v_accounts platform_accounts[] := ARRAY(SELECT a FROM platform_accounts a WHERE a.user_id = ANY (v_user_ids));
  v_table record;
  v_rows jsonb;
BEGIN
  IF EXISTS (SELECT 1 FROM unified_users u WHERE u.id = p_user_id AND u.forgotten_at IS NOT NULL) THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  document := jsonb_build_object('user_id', v_user_ids[1], 'exported_at', ttfd.current_time()) || export_mentions(v_user_ids, v_accounts);
  FOR v_table IN
    SELECT r.table_name, string_agg(format('t.%I = ANY ($1)', r.column_name), ' OR ') AS condition
      FROM list_user_references() r
     GROUP BY r.table_name
  LOOP
    EXECUTE format('SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)) FROM ttfd.%I t WHERE %s', v_table.table_name, v_table.condition)
       INTO v_rows USING v_user_ids;
    document := document || jsonb_build_object(v_table.table_name, drop_secrets(coalesce(v_rows, '[]')));
  END LOOP;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.export_user(bigint) IS
  'Everything that is held on a member, for the member to have. Returns document: a JSON object with user_id, exported_at and, for each table that names the member, an array of its rows (unified_users, platform_accounts, cross_platform_events with what is pending, failed_events and so on), then import_rows, import_conflicts and audit_log where they are about the member. Merged users are included. Raises TU001 when there is no such user, or it was forgotten.';

REVOKE ALL ON FUNCTION ttfd.export_user(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.export_user(bigint) TO ttfd_website, ttfd_admin;

-- Bots ask this on every command, so it is one index probe. Accounts move when users merge: the survivor is found.
CREATE OR REPLACE FUNCTION ttfd.find_user(p_platform text, p_external_id text)
RETURNS TABLE (user_id bigint, username text, display_name text, xp bigint, coins bigint, rank_id smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT u.id, u.username, u.display_name, u.xp, u.coins, u.rank_id
    FROM platforms p
    JOIN platform_accounts a ON a.platform = p.name
     AND a.external_id = CASE WHEN p.folds_case THEN lower(p_external_id) ELSE p_external_id END
    JOIN unified_users u ON u.id = a.user_id
   WHERE p.name = p_platform;
$$;

COMMENT ON FUNCTION ttfd.find_user(text, text) IS
  'The user behind a platform account. Returns user_id, username, display_name, xp, coins, rank_id; no row when the account is unknown.';

REVOKE ALL ON FUNCTION ttfd.find_user(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.find_user(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- The sums stay, or every balance that was ever paid from them would lie; whose they were does not. First the imports and
-- the feed stand still, then the members are locked, as everywhere.
CREATE OR REPLACE FUNCTION ttfd.forget_user(p_user_id bigint)
RETURNS TABLE (user_id bigint, status text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_user_ids bigint[];
  v_accounts platform_accounts[];
BEGIN
  PERFORM require_read_committed();
  PERFORM 1 FROM import_runs r ORDER BY r.id FOR NO KEY UPDATE;
  PERFORM 1 FROM feed_head FOR UPDATE;
  v_user_ids := lock_person(p_user_id);
  user_id := v_user_ids[1];
  PERFORM forget_events(v_user_ids);
  PERFORM purge_forgotten();
  UPDATE unified_users u
     SET forgotten_at = ttfd.current_time(), achievements = '{}', time_zone = 'UTC'
   WHERE u.id = ANY (v_user_ids) AND u.forgotten_at IS NULL;
  status := CASE WHEN FOUND THEN 'forgotten' ELSE 'already_forgotten' END;
  IF status = 'forgotten' THEN
    v_accounts := ARRAY(SELECT a FROM platform_accounts a WHERE a.user_id = ANY (v_user_ids));
    PERFORM keep_tombstones(v_user_ids, v_accounts);
    UPDATE unified_users u
       SET daily_streak = 0, streak_freezes = 0, last_daily = NULL, last_daily_at = NULL, last_daily_zone = NULL
     WHERE u.id = ANY (v_user_ids);
    UPDATE adjustments a SET reason = 'forgotten' WHERE a.user_id = ANY (v_user_ids);
    PERFORM forget_import(v_user_ids, v_accounts);
    PERFORM forget_audit(v_user_ids, v_accounts);
    DELETE FROM platform_accounts a WHERE a.user_id = ANY (v_user_ids);
    PERFORM insert_event(generate_event_id(), user_id, 'account_forgotten', 'system', '{}', 0, 0, NULL, NULL, ttfd.current_time());
    PERFORM audit('user_forgotten', NULL, jsonb_build_object('user_id', user_id, 'accounts', cardinality(v_accounts)));
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.forget_user(bigint) IS
  'Erases who a member is, on all platforms: accounts, names, ids, whatever senders put into the data of events, legacy records, and mentions in the audit log. The sums of the ledger stay and are nobody''s. For 90 days a keyed digest of each account remembers the last daily claim, the coins sent today, the highest rank that was paid and the open award windows, so that nothing is paid twice. There is no way back. Returns user_id (the survivor of a merge), status (forgotten, already_forgotten). Raises TU001 when there is no such user. Audited, without a name. Needs READ COMMITTED (0A000). Notifies ttfd_feed when events were waiting, and ttfd_events: the feed says account_forgotten.';

REVOKE ALL ON FUNCTION ttfd.forget_user(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.forget_user(bigint) TO ttfd_website, ttfd_admin;

-- A bot calls this when a member speaks to it. Names follow what the platform says; an account is never taken from anybody.
CREATE OR REPLACE FUNCTION ttfd.get_or_create_user(
  p_platform text, p_external_id text, p_username text DEFAULT NULL, p_display_name text DEFAULT NULL)
RETURNS TABLE (user_id bigint, created boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
  v_username text := nullif(left(btrim(p_username), 255), '');
  v_display_name text := nullif(left(btrim(p_display_name), 255), '');
BEGIN
  SELECT a.user_id, false INTO user_id, created
    FROM platform_accounts a
   WHERE a.platform = p_platform AND a.external_id = v_external_id;
  IF NOT FOUND THEN
    SELECT c.user_id, c.created INTO user_id, created
      FROM create_account(p_platform, v_external_id, v_username, v_display_name) c;
  END IF;
  IF NOT created THEN
    UPDATE platform_accounts a
       SET username = coalesce(v_username, a.username), display_name = coalesce(v_display_name, a.display_name)
     WHERE a.platform = p_platform AND a.external_id = v_external_id
       AND (a.username, a.display_name)
           IS DISTINCT FROM (coalesce(v_username, a.username), coalesce(v_display_name, a.display_name));
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_or_create_user(text, text, text, text) IS
  'The user behind a platform account, created at first contact; names that are given replace the known ones. Returns user_id, created. Raises TU002 when the external id has the wrong form, TP001 when the caller may not speak for the platform.';

REVOKE ALL ON FUNCTION ttfd.get_or_create_user(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_or_create_user(text, text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

CREATE OR REPLACE FUNCTION ttfd.get_profile(p_user_id bigint)
RETURNS TABLE (
  user_id bigint, username text, display_name text, xp bigint, coins bigint, rank_id smallint, rank_name text,
  rank_color text, rank_xp bigint, next_rank_xp bigint, highest_rank_id smallint, messages_sent bigint,
  total_voice_time bigint, games_played bigint, games_won bigint, daily_streak integer, last_daily date,
  achievements text[], platforms text[], primary_platform text, time_zone text, created_at timestamptz,
  last_active timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT u.id, u.username, u.display_name, u.xp, u.coins, u.rank_id, r.name, r.color, u.rank_xp, u.next_rank_xp,
         u.highest_rank_id, u.messages_sent, u.total_voice_time, u.games_played, u.games_won, u.daily_streak,
         u.last_daily, u.achievements, u.platforms, u.primary_platform, u.time_zone, u.created_at, u.last_active
    FROM unified_users asked
    JOIN unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
    JOIN ranks r ON r.id = u.rank_id
   WHERE asked.id = p_user_id AND u.forgotten_at IS NULL;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.get_profile(bigint) IS
  'All that a profile page shows of a member: names, balances, rank with its XP range (next_rank_xp is NULL at the top), counters (total_voice_time in seconds), streak, achievements, platforms. A merged user is followed to the survivor, whose user_id is returned. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.get_profile(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_profile(bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- The way in for a login that the provider vouches for (OAuth): the account joins the member who is logged in. It only
-- ever adds an account that nobody has; two members who turn out to be one person are merged, never overwritten.
CREATE OR REPLACE FUNCTION ttfd.link_verified_account(
  p_user_id bigint, p_platform text, p_external_id text, p_username text DEFAULT NULL)
RETURNS TABLE (status text, user_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_external_id text := normalise_external_id(p_platform, p_external_id);
  v_owner_id bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ttfd account ' || p_platform || ' ' || v_external_id, 0));
  SELECT coalesce(u.merged_into, u.id) INTO user_id FROM unified_users u WHERE u.id = p_user_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  SELECT a.user_id INTO v_owner_id
    FROM platform_accounts a
   WHERE a.platform = p_platform AND a.external_id = v_external_id;
  IF v_owner_id = user_id THEN
    status := 'already_linked';
    RETURN NEXT;
    RETURN;
  ELSIF v_owner_id IS NOT NULL THEN
    RAISE EXCEPTION 'this % account belongs to another user', p_platform
      USING ERRCODE = 'TL001', HINT = 'Whoever owns both can merge them.';
  ELSIF EXISTS (SELECT 1 FROM platform_accounts a WHERE a.user_id = link_verified_account.user_id AND a.platform = p_platform) THEN
    RAISE EXCEPTION 'user % has another % account already', user_id, p_platform
      USING ERRCODE = 'TL002', HINT = 'Unlink that one first.';
  END IF;
  INSERT INTO platform_accounts (platform, external_id, user_id, username, link_method, linked_at)
  VALUES (p_platform, v_external_id, user_id, nullif(left(btrim(p_username), 255), ''), 'verified', ttfd.current_time());
  status := 'linked';
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) IS
  'Adds an account that its provider has verified to a user. Returns status (linked, already_linked), user_id. Raises TU001 when there is no such user, TU002 when the external id has the wrong form, TL001 when the account belongs to another user, TL002 when the user has another account on that platform.';

REVOKE ALL ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) TO ttfd_website, ttfd_admin;

RESET ROLE;
