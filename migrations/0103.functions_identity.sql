-- Generated from sql/functions/identity by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/identity/create_link_code.sql
-- A member asks for a code on one platform and sends it on another: that proves both accounts. Only the answer has the
-- code; the table has its hash.
CREATE OR REPLACE FUNCTION ttfd.create_link_code(p_platform text, p_external_id text)
RETURNS TABLE (code text, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  PERFORM lock_owner(p_platform, v_external_id);
  RETURN QUERY SELECT i.code, i.expires_at FROM issue_link_code(p_platform, v_external_id) i;
END;
$$;

COMMENT ON FUNCTION ttfd.create_link_code(text, text) IS
  'A code that links another account to the user behind this one, who is created at first contact: 10 symbols of Crockford''s base 32, valid for 10 minutes and once; the account''s code before is void. Returns code, expires_at. Raises TU002 when the external id has the wrong form, TP001 when the caller may not speak for the platform, TL004 after 10 codes within an hour.';

REVOKE ALL ON FUNCTION ttfd.create_link_code(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.create_link_code(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/identity/export_user.sql
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
  'Everything that is held on a member, for the member to have. Returns document: a JSON object with user_id, exported_at and, for each table that names the member, an array of its rows (unified_users, platform_accounts, cross_platform_events with what is pending, failed_events and so on), then import_rows, import_conflicts and audit_log where they are about the member (and, without before and after, what the member did as an administrator of the website). Merged users are included. Raises TU001 when there is no such user, or it was forgotten.';

REVOKE ALL ON FUNCTION ttfd.export_user(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.export_user(bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/identity/find_user.sql
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

-- sql/functions/identity/forget_user.sql
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
    DELETE FROM website_admins a WHERE a.user_id = ANY (v_user_ids);
    DELETE FROM user_achievements k WHERE k.user_id = ANY (v_user_ids);
    DELETE FROM given_roles r USING unnest(v_accounts) a WHERE (r.platform, r.external_id) = (a.platform, a.external_id);
    DELETE FROM removed_roles r USING unnest(v_accounts) a WHERE (r.platform, r.external_id) = (a.platform, a.external_id);
    UPDATE user_merges m SET reason = NULL WHERE m.into_id = ANY (v_user_ids) OR m.from_id = ANY (v_user_ids);
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
  'Erases who a member is, on all platforms: accounts, names, ids, whatever senders put into the data of events, legacy records, and mentions in the audit log. The sums of the ledger stay and are nobody''s. For 90 days a keyed digest of each account remembers the last daily claim, the coins sent today, the ranks and achievements that were paid and the open award windows, so that nothing is paid twice. There is no way back. Returns user_id (the survivor of a merge), status (forgotten, already_forgotten). Raises TU001 when there is no such user. Audited, without a name. Needs READ COMMITTED (0A000). Notifies ttfd_feed when events were waiting, and ttfd_events: the feed says account_forgotten.';

REVOKE ALL ON FUNCTION ttfd.forget_user(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.forget_user(bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/identity/get_or_create_user.sql
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
    PERFORM rename_account(p_platform, v_external_id, v_username, v_display_name);
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_or_create_user(text, text, text, text) IS
  'The user behind a platform account, created at first contact; names that are given replace the known ones. Returns user_id, created. Raises TU002 when the external id has the wrong form, TP001 when the caller may not speak for the platform.';

REVOKE ALL ON FUNCTION ttfd.get_or_create_user(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_or_create_user(text, text, text, text)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/identity/get_preferences.sql
-- A language that was chosen elsewhere holds here too, until another is chosen here.
CREATE OR REPLACE FUNCTION ttfd.get_preferences(p_platform text, p_external_id text)
RETURNS TABLE (language text, announcements text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  SELECT p.language, p.announcements INTO language, announcements
    FROM account_preferences p
   WHERE p.platform = p_platform AND p.external_id = v_external_id;
  language := coalesce(language, (
    SELECT p.language
      FROM platform_accounts own
      JOIN platform_accounts a ON a.user_id = own.user_id
      JOIN account_preferences p ON (p.platform, p.external_id) = (a.platform, a.external_id)
     WHERE own.platform = p_platform AND own.external_id = v_external_id AND p.language IS NOT NULL
     ORDER BY p.changed_at DESC, p.platform
     LIMIT 1));
  announcements := coalesce(announcements, 'private');
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_preferences(text, text) IS
  'What the member behind an account prefers there; an unknown account prefers nothing. Returns language (ru, en; where none was chosen on this account, the one chosen last on another of the member''s; NULL for none) and announcements (private, public, off). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.get_preferences(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_preferences(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/identity/get_profile.sql
CREATE OR REPLACE FUNCTION ttfd.get_profile(p_user_id bigint)
RETURNS TABLE (
  user_id bigint, username text, display_name text, xp bigint, coins bigint, rank_id smallint, rank_name text,
  rank_color text, rank_xp bigint, next_rank_xp bigint, highest_rank_id smallint, messages_sent bigint,
  total_voice_time bigint, games_played bigint, games_won bigint, daily_streak integer, last_daily date,
  achievements text[], platforms text[], primary_platform text, time_zone text, created_at timestamptz,
  last_active timestamptz, is_hidden boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT u.id, u.username, u.display_name, u.xp, u.coins, u.rank_id, r.name, r.color, u.rank_xp, u.next_rank_xp,
         u.highest_rank_id, u.messages_sent, u.total_voice_time, u.games_played, u.games_won, u.daily_streak,
         u.last_daily, u.achievements, u.platforms, u.primary_platform, u.time_zone, u.created_at, u.last_active,
         u.is_hidden
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
  'All that a profile page shows of a member: names, balances, rank with its XP range (next_rank_xp is NULL at the top), counters (total_voice_time in seconds), streak, achievements, platforms, and is_hidden, for pages that strangers see. A merged user is followed to the survivor, whose user_id is returned. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.get_profile(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_profile(bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/identity/link_verified_account.sql
-- The way in for a login that the provider vouches for (OAuth): the account joins the member who is logged in. It only
-- ever adds an account that nobody has; two members who turn out to be one person are merged, never overwritten.
CREATE OR REPLACE FUNCTION ttfd.link_verified_account(
  p_user_id bigint, p_platform text, p_external_id text, p_username text DEFAULT NULL)
RETURNS TABLE (status text, user_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := normalise_external_id(p_platform, p_external_id);
  v_owner_id bigint;
BEGIN
  PERFORM require_read_committed();
  PERFORM lock_account(p_platform, v_external_id);
  user_id := (lock_user(p_user_id)).id;
  v_owner_id := find_owner(p_platform, v_external_id);
  IF v_owner_id = user_id THEN
    status := 'already_linked';
  ELSIF v_owner_id IS NOT NULL THEN
    RAISE EXCEPTION 'this % account belongs to another user', p_platform
      USING ERRCODE = 'TL001', HINT = 'Whoever owns both can merge them.';
  ELSE
    PERFORM attach_account(user_id, p_platform, v_external_id, p_username, 'verified');
    status := 'linked';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) IS
  'Adds an account that its provider has verified to a user. Returns status (linked, already_linked), user_id. Raises TU001 when there is no such user, TU002 when the external id has the wrong form, TL001 when the account belongs to another user, TL002 when the user has another account on that platform. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) TO ttfd_website, ttfd_admin;

-- sql/functions/identity/list_own_merges.sql
-- What undo_own_merge would take back.
CREATE OR REPLACE FUNCTION ttfd.list_own_merges(p_platform text, p_external_id text)
RETURNS TABLE (
  merge_id bigint, merged_at timestamptz, undo_until timestamptz, platforms text[], other_platforms text[],
  other_xp bigint, other_coins bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT m.* FROM list_undoable_merges(find_owner(p_platform, resolve_platform(p_platform, p_external_id))) m;
END;
$$;

COMMENT ON FUNCTION ttfd.list_own_merges(text, text) IS
  'Merges of the member behind an account that are not older than 7 days nor undone, the latest first: that one has to be undone first. Returns merge_id, merged_at, undo_until, platforms (of the one who stayed, before), and what goes back to the other: other_platforms, other_xp, other_coins. Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.list_own_merges(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_own_merges(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/identity/merge_users.sql
-- For an administrator, or a website that has seen proof of both logins. Members prove theirs with a link code.
CREATE OR REPLACE FUNCTION ttfd.merge_users(p_into_id bigint, p_from_id bigint, p_reason text DEFAULT NULL)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_from_id bigint;
BEGIN
  PERFORM require_read_committed();
  LOOP
    user_id := (find_survivor(p_into_id)).id;
    v_from_id := (find_survivor(p_from_id)).id;
    EXIT WHEN lock_live_users(ARRAY[user_id, v_from_id]);
  END LOOP;
  IF v_from_id = user_id THEN
    status := 'already_linked';
  ELSE
    merge_id := join_users(user_id, v_from_id, p_reason);
    status := 'merged';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.merge_users(bigint, bigint, text) IS
  'Makes one user of two: balances, counters, accounts, boosts and award windows of the second go to the first, which takes the better streak and rank; no rank is paid for. Users who were merged before stand for their survivors. Returns status (merged; already_linked when they are one user already), user_id (the survivor), merge_id for undo_merge. Raises TU001 when there is no such user, TL002 when both have an account on one platform. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.merge_users(bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.merge_users(bigint, bigint, text) TO ttfd_admin;

-- sql/functions/identity/preview_link.sql
-- So that nobody merges two accounts by surprise: a bot shows this and asks.
CREATE OR REPLACE FUNCTION ttfd.preview_link(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (
  status text, other_display_name text, other_platforms text[], other_xp bigint, other_coins bigint,
  other_rank_id smallint, own_display_name text, own_platforms text[], own_xp bigint, own_coins bigint,
  own_rank_id smallint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT c.* FROM preview_code(p_code, p_platform, resolve_platform(p_platform, p_external_id)) c;
END;
$$;

COMMENT ON FUNCTION ttfd.preview_link(text, text, text) IS
  'What redeem_link_code would do with this code for this account, without doing it. Returns status (linked, merged, already_linked, accounts_collide where redeeming would raise TL002, invalid, locked) and of both sides, other being who made the code: display_name, platforms, xp, coins, rank_id (NULL for an account that is new to ttfd, and for both when invalid or locked). A code that is refused counts as a failed attempt. Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.preview_link(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.preview_link(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/identity/redeem_link_code.sql
CREATE OR REPLACE FUNCTION ttfd.redeem_link_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT r.status, r.user_id, r.merge_id
    FROM redeem_code(p_code, p_platform, resolve_platform(p_platform, p_external_id)) r;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_link_code(text, text, text) IS
  'Links the account that sends a code with the one it was made on. Returns status, user_id, merge_id: linked (the account was new to ttfd, or one of the two users had nothing yet), merged (both had a history; the older user survives), already_linked, invalid (the code is wrong, used, expired or one''s own: no more is said), locked (five failures of the account in 15 minutes, or a thousand guesses on the platform in one). user_id is who both are now; merge_id is set where two users became one, for undo_merge. Capitals and small letters, hyphens, spaces, O for 0, I and L for 1 are all the same. Raises TL002, and leaves the code valid, when both users have an account on one platform; TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.redeem_link_code(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.redeem_link_code(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/identity/set_announcements.sql
CREATE OR REPLACE FUNCTION ttfd.set_announcements(p_platform text, p_external_id text, p_announcements text)
RETURNS TABLE (language text, announcements text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  PERFORM lock_owner(p_platform, v_external_id);
  INSERT INTO account_preferences AS p (platform, external_id, announcements, changed_at)
  VALUES (p_platform, v_external_id, coalesce(p_announcements, 'private'), ttfd.current_time())
  ON CONFLICT ON CONSTRAINT account_preferences_pkey DO UPDATE SET announcements = EXCLUDED.announcements;
  RETURN QUERY SELECT g.language, g.announcements FROM get_preferences(p_platform, p_external_id) g;
END;
$$;

COMMENT ON FUNCTION ttfd.set_announcements(text, text, text) IS
  'Chooses where the bot of a platform tells what happens to the member behind an account, which is created at first contact: private (to the member alone; NULL is the same), public (where the community reads) or off; what happens to the member''s accounts is told privately, always. Returns language, announcements, as get_preferences does. Raises 23514 (account_preferences_announcements_known) for another place, TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.set_announcements(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_announcements(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/identity/set_language.sql
CREATE OR REPLACE FUNCTION ttfd.set_language(p_platform text, p_external_id text, p_language text)
RETURNS TABLE (language text, announcements text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  PERFORM lock_owner(p_platform, v_external_id);
  INSERT INTO account_preferences AS p (platform, external_id, language, changed_at)
  VALUES (p_platform, v_external_id, p_language, ttfd.current_time())
  ON CONFLICT ON CONSTRAINT account_preferences_pkey DO UPDATE
    SET language = EXCLUDED.language, changed_at = EXCLUDED.changed_at;
  RETURN QUERY SELECT g.language, g.announcements FROM get_preferences(p_platform, p_external_id) g;
END;
$$;

COMMENT ON FUNCTION ttfd.set_language(text, text, text) IS
  'Chooses the language in which the bot of a platform speaks to an account, which is created at first contact: ru, en, or NULL to choose none. Returns language, announcements, as get_preferences does. Raises 23514 (account_preferences_language_known) for another language, TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.set_language(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_language(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/identity/undo_merge.sql
-- Sent twice, it answers twice the same. The last merge of a user has to be undone first: only then is what comes out
-- exactly what went in.
CREATE OR REPLACE FUNCTION ttfd.undo_merge(p_merge_id bigint)
RETURNS TABLE (merge_id bigint, into_id bigint, from_id bigint, undone_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_merge user_merges;
BEGIN
  PERFORM require_read_committed();
  PERFORM lock_live_users(ARRAY(SELECT m.into_id FROM user_merges m WHERE m.id = p_merge_id));
  SELECT * INTO v_merge FROM user_merges m WHERE m.id = p_merge_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no merge %', coalesce(p_merge_id::text, 'NULL')
      USING ERRCODE = 'no_data_found', HINT = 'Ids of merges come from redeem_link_code, merge_users and the feed.';
  END IF;
  IF v_merge.undone_at IS NULL THEN
    PERFORM require_undoable(v_merge);
    PERFORM reverse_merge(v_merge);
  END IF;
  RETURN QUERY SELECT m.id, m.into_id, m.from_id, m.undone_at FROM user_merges m WHERE m.id = p_merge_id;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_merge(bigint) IS
  'Makes two users again of one, within 7 days: both get back what they had, accounts included; what the survivor has earned since stays there. Undoing again gives the same answer. Returns merge_id, into_id, from_id, undone_at. Raises TM001 when it is too late, when the survivor was merged again since (the hint names the merge to undo first) or when an account was unlinked; TM002 when the balance does not cover what was moved; P0002 when there is no such merge. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.undo_merge(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.undo_merge(bigint) TO ttfd_admin;

-- sql/functions/identity/undo_own_merge.sql
CREATE OR REPLACE FUNCTION ttfd.undo_own_merge(p_merge_id bigint, p_platform text, p_external_id text)
RETURNS TABLE (merge_id bigint, into_id bigint, from_id bigint, undone_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT u.merge_id, u.into_id, u.from_id, u.undone_at
    FROM undo_merge_of(p_merge_id, find_owner(p_platform, resolve_platform(p_platform, p_external_id))) u;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_own_merge(bigint, text, text) IS
  'Makes two users again of one, for the member behind an account: undo_merge, for a merge of its own. Undoing again gives the same answer. Returns merge_id, into_id, from_id, undone_at. Raises TM001, TM002 as undo_merge does, P0002 when the member has no such merge, TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.undo_own_merge(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.undo_own_merge(bigint, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- sql/functions/identity/unlink_account.sql
-- The account goes with nothing: what it earned stays with the user. When it speaks again, it starts as a new user.
CREATE OR REPLACE FUNCTION ttfd.unlink_account(p_user_id bigint, p_platform text)
RETURNS TABLE (status text, user_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_told jsonb;
BEGIN
  PERFORM require_read_committed();
  PERFORM require_unlinker(p_platform);
  user_id := (lock_user(p_user_id)).id;
  PERFORM end_voice(a) FROM platform_accounts a WHERE a.user_id = unlink_account.user_id AND a.platform = p_platform;
  DELETE FROM platform_accounts a WHERE a.user_id = unlink_account.user_id AND a.platform = p_platform;
  IF FOUND THEN
    status := 'unlinked';
    SELECT jsonb_build_object('platform', p_platform, 'platforms', u.platforms) INTO v_told
      FROM unified_users u
     WHERE u.id = user_id;
    PERFORM tell_member(user_id, 'account_unlinked', v_told, 0, 0);
    PERFORM audit('account_unlinked', NULL, v_told || jsonb_build_object('user_id', user_id));
  ELSE
    status := 'not_linked';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.unlink_account(bigint, text) IS
  'Takes the account on a platform away from a user; its link code is void, and time in voice up to now stays with the user. Returns status (unlinked, not_linked), user_id. Raises TL003 when it is the user''s last account, TU001 when there is no such user, TU002 when there is no such platform, TP001 unless the caller may speak for the platform or for the website. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.unlink_account(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.unlink_account(bigint, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

RESET ROLE;
