-- Generated from sql/functions/website by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/functions/website/act_for_session.sql
-- The administrators' part of the website works with a login of its own. Each of its transactions begins with this, so that
-- the database itself sees the session, and the audit log says for whom the login acts.
CREATE OR REPLACE FUNCTION ttfd.act_for_session(p_token_hash bytea)
RETURNS TABLE (user_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  SELECT s.user_id INTO user_id FROM find_session(p_token_hash) s WHERE s.is_admin;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no administrator has such a session'
      USING ERRCODE = 'TP001', HINT = 'set_website_admin names the administrators of the website.';
  END IF;
  PERFORM set_config('ttfd.on_behalf_of', user_id::text, true);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.act_for_session(bytea) IS
  'Until the end of the transaction, lines of the audit log name the member of this session (on_behalf_of). Returns user_id. Raises TP001 unless the session is live and its member is an administrator of the website.';

REVOKE ALL ON FUNCTION ttfd.act_for_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.act_for_session(bytea) TO ttfd_admin;

-- sql/functions/website/claim_member_daily.sql
CREATE OR REPLACE FUNCTION ttfd.claim_member_daily(p_event_id uuid, p_user_id bigint)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN pay_daily(p_event_id, lock_represented_user(p_user_id), 'website');
END;
$$;

COMMENT ON FUNCTION ttfd.claim_member_daily(uuid, bigint) IS
  'claim_daily on the website, for a member who is logged in there. Returns what claim_daily returns. Raises TC002 when the day was claimed (the hint says from when the next can be), TE002 when the id was used with other content, TU001, TP001 when the member is not logged in, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.claim_member_daily(uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.claim_member_daily(uuid, bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/website/create_login_link.sql
-- For whom Telegram's or Discord's login does not reach: the bot sends a link, and whoever opens it first is logged in.
-- Only the answer has the token; the table has its hash. A UUID holds 122 random bits.
CREATE OR REPLACE FUNCTION ttfd.create_login_link(p_platform text, p_external_id text)
RETURNS TABLE (token text, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
  v_now timestamptz := ttfd.current_time();
  v_issued integer;
BEGIN
  PERFORM lock_owner(p_platform, v_external_id);
  token := encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex');
  expires_at := v_now + INTERVAL '10 minutes';
  INSERT INTO login_links AS l (platform, external_id, token_hash, created_at, expires_at, issued_since)
  VALUES (p_platform, v_external_id, sha256(convert_to(token, 'UTF8')), v_now, create_login_link.expires_at, v_now)
  ON CONFLICT (platform, external_id) DO UPDATE
    SET token_hash = EXCLUDED.token_hash, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at, used_at = NULL,
        issued = CASE WHEN l.issued_since > v_now - INTERVAL '1 hour' THEN l.issued + 1 ELSE 1 END,
        issued_since = CASE WHEN l.issued_since > v_now - INTERVAL '1 hour' THEN l.issued_since ELSE v_now END
  RETURNING l.issued INTO v_issued;
  IF v_issued > 10 THEN
    RAISE EXCEPTION 'this % account has had 10 login links within the hour', p_platform
      USING ERRCODE = 'TL004', HINT = 'The last one is valid for 10 minutes. Ask for another later.';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.create_login_link(text, text) IS
  'A token that logs the user behind this account in to the website, who is created at first contact: valid for 10 minutes and once; the account''s token before is void. The address is that of the website followed by /login/link/ and the token. It is for the member alone: show it in private. Returns token (64 hexadecimal digits), expires_at. Raises TU002 when the external id has the wrong form, TP001 when the caller may not speak for the platform, TL004 after 10 within an hour.';

REVOKE ALL ON FUNCTION ttfd.create_login_link(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.create_login_link(text, text) TO ttfd_telegram, ttfd_discord, ttfd_admin;

-- sql/functions/website/create_member_link_code.sql
CREATE OR REPLACE FUNCTION ttfd.create_member_link_code(p_user_id bigint)
RETURNS TABLE (code text, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_user(p_user_id);
  v_account platform_accounts := find_own_account(v_user.id);
BEGIN
  RETURN QUERY SELECT i.code, i.expires_at FROM issue_link_code(v_account.platform, v_account.external_id) i;
END;
$$;

COMMENT ON FUNCTION ttfd.create_member_link_code(bigint) IS
  'create_link_code for a member who is logged in to the website. Returns code, expires_at. Raises TU001, TP001 when the member is not logged in, TL004 after 10 codes within an hour.';

REVOKE ALL ON FUNCTION ttfd.create_member_link_code(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.create_member_link_code(bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/website/end_all_sessions.sql
CREATE OR REPLACE FUNCTION ttfd.end_all_sessions(p_user_id bigint)
RETURNS TABLE (ended integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  DELETE FROM website_sessions s WHERE s.user_id = (find_survivor(p_user_id)).id;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.end_all_sessions(bigint) IS
  'Logs a member out of every browser. Returns ended: how many sessions that were. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.end_all_sessions(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.end_all_sessions(bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/website/end_session.sql
CREATE OR REPLACE FUNCTION ttfd.end_session(p_token_hash bytea)
RETURNS TABLE (ended integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  DELETE FROM website_sessions s WHERE s.token_hash = p_token_hash;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.end_session(bytea) IS 'Logs a browser out. Returns ended: 1, or 0 when there was no such session.';

REVOKE ALL ON FUNCTION ttfd.end_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.end_session(bytea) TO ttfd_website, ttfd_admin;

-- sql/functions/website/find_session.sql
-- Asked with every page of a member, so it is a probe of two keys.
CREATE OR REPLACE FUNCTION ttfd.find_session(p_token_hash bytea)
RETURNS TABLE (user_id bigint, display_name text, method text, is_admin boolean, started_at timestamptz, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT u.id, coalesce(u.display_name, u.username), s.method, is_website_admin(u.id), s.started_at, s.expires_at
    FROM website_sessions s
    JOIN unified_users u ON u.id = s.user_id
   WHERE s.token_hash = p_token_hash AND s.expires_at > ttfd.current_time();
END;
$$;

COMMENT ON FUNCTION ttfd.find_session(bytea) IS
  'Who a browser is. Returns user_id, display_name, method (platform of the login), is_admin (of the website), started_at, expires_at; no row for a session that is unknown, has ended or expired.';

REVOKE ALL ON FUNCTION ttfd.find_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.find_session(bytea) TO ttfd_website, ttfd_admin;

-- sql/functions/website/get_account.sql
CREATE OR REPLACE FUNCTION ttfd.get_account(p_user_id bigint)
RETURNS TABLE (
  user_id bigint, is_hidden boolean, time_zone text, daily_streak integer, streak_freezes smallint, is_daily_due boolean,
  next_daily_at timestamptz, language text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := find_survivor(p_user_id);
BEGIN
  RETURN QUERY
  SELECT v_user.id, v_user.is_hidden, v_user.time_zone, v_user.daily_streak, v_user.streak_freezes, d.is_due,
         CASE WHEN isfinite(d.next_at) THEN d.next_at END,
         (SELECT p.language
            FROM platform_accounts a
            JOIN account_preferences p ON (p.platform, p.external_id) = (a.platform, a.external_id)
           WHERE a.user_id = v_user.id AND p.language IS NOT NULL
           ORDER BY p.changed_at DESC, p.platform
           LIMIT 1)
    FROM assess_daily(v_user, ttfd.current_time()) d;
END;
$$;

COMMENT ON FUNCTION ttfd.get_account(bigint) IS
  'What only the member sees: settings, and whether the daily reward is due. Returns user_id, is_hidden, time_zone, daily_streak, streak_freezes, is_daily_due, next_daily_at (NULL before the first claim), language (ru, en, the one chosen last on any platform; NULL for none). Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.get_account(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_account(bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/website/list_accounts.sql
-- Without external ids: the page is for eyes, and export_user has them.
CREATE OR REPLACE FUNCTION ttfd.list_accounts(p_user_id bigint)
RETURNS TABLE (platform text, username text, display_name text, link_method text, linked_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := find_survivor(p_user_id);
BEGIN
  RETURN QUERY
  SELECT a.platform, a.username, a.display_name, a.link_method, a.linked_at
    FROM platform_accounts a
   WHERE a.user_id = v_user.id
   ORDER BY a.linked_at, a.platform;
END;
$$;

COMMENT ON FUNCTION ttfd.list_accounts(bigint) IS
  'A member''s accounts, the oldest first. Returns platform, username, display_name, link_method (first_contact, verified, code, import_id, import_username, merge), linked_at. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_accounts(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_accounts(bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/website/list_activity.sql
-- The end of the feed with names, for everybody's eyes: without the data of events, and without members who hide.
CREATE OR REPLACE FUNCTION ttfd.list_activity(p_limit integer DEFAULT 50)
RETURNS TABLE (
  "position" bigint, user_id bigint, display_name text, rank_name text, rank_color text, event_type text,
  source_platform text, xp bigint, coins bigint, note text, occurred_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT e.position, u.id, coalesce(u.display_name, u.username), r.name, r.color, e.event_type, e.source_platform, e.xp,
         e.coins, e.note, e.occurred_at
    FROM (SELECT p.* FROM cross_platform_events_processed p ORDER BY p.position DESC
           LIMIT 2 * least(greatest(p_limit, 0), 200)) e
    JOIN unified_users asked ON asked.id = e.user_id
    JOIN unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
    JOIN ranks r ON r.id = u.rank_id
   WHERE u.is_listed
   ORDER BY e.position DESC
   LIMIT least(greatest(p_limit, 0), 200);
END;
$$;

COMMENT ON FUNCTION ttfd.list_activity(integer) IS
  'What has happened lately, newest first, of members who are on the leaderboards. Returns position, user_id, display_name, rank_name, rank_color, event_type, source_platform, xp, coins, note, occurred_at; at most 200 rows.';

REVOKE ALL ON FUNCTION ttfd.list_activity(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_activity(integer) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/website/list_member_merges.sql
CREATE OR REPLACE FUNCTION ttfd.list_member_merges(p_user_id bigint)
RETURNS TABLE (
  merge_id bigint, merged_at timestamptz, undo_until timestamptz, platforms text[], other_platforms text[],
  other_xp bigint, other_coins bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT m.* FROM list_undoable_merges((find_survivor(p_user_id)).id) m;
END;
$$;

COMMENT ON FUNCTION ttfd.list_member_merges(bigint) IS
  'list_own_merges for a member of the website. Returns what list_own_merges returns. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_member_merges(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_member_merges(bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/website/list_website_admins.sql
CREATE OR REPLACE FUNCTION ttfd.list_website_admins()
RETURNS TABLE (user_id bigint, display_name text, granted_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT u.id, coalesce(u.display_name, u.username), a.granted_at
    FROM website_admins a
    JOIN unified_users asked ON asked.id = a.user_id
    JOIN unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
   WHERE u.forgotten_at IS NULL
   ORDER BY a.granted_at, u.id;
$$;

COMMENT ON FUNCTION ttfd.list_website_admins() IS
  'Who may use the administrators'' part of the website. Returns user_id, display_name, granted_at.';

REVOKE ALL ON FUNCTION ttfd.list_website_admins() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_website_admins() TO ttfd_admin;

-- sql/functions/website/list_xp_history.sql
-- Backwards from the present XP, through as many events as one page can bear: a day is shown only when all of it was read.
CREATE OR REPLACE FUNCTION ttfd.list_xp_history(p_user_id bigint, p_days integer DEFAULT 30)
RETURNS TABLE (day date, gained bigint, xp bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_most CONSTANT integer := 10000;
  v_user unified_users := find_survivor(p_user_id);
  v_today date := (ttfd.current_time() AT TIME ZONE v_user.time_zone)::date;
  v_first date := v_today - least(greatest(p_days, 1), 366) + 1;
BEGIN
  RETURN QUERY
  WITH read AS MATERIALIZED (
    SELECT (e.occurred_at AT TIME ZONE v_user.time_zone)::date AS day, e.xp, count(*) OVER () AS events
      FROM (SELECT p.occurred_at, p.xp
              FROM cross_platform_events_processed p
             WHERE p.user_id = v_user.id
             ORDER BY p.position DESC
             LIMIT v_most) e),
  days AS (
    SELECT d.day::date AS day, coalesce(sum(r.xp), 0)::bigint AS gained
      FROM generate_series(
             greatest(v_first, least((v_user.created_at AT TIME ZONE v_user.time_zone)::date, (SELECT min(r.day) FROM read r)),
                      (SELECT min(r.day) + 1 FROM read r HAVING max(r.events) = v_most))::timestamp,
             v_today::timestamp, INTERVAL '1 day') d (day)
      LEFT JOIN read r ON r.day = d.day::date
     GROUP BY 1)
  SELECT d.day, d.gained,
         v_user.xp - coalesce(sum(d.gained) OVER (ORDER BY d.day DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint
    FROM days d
   ORDER BY d.day;
END;
$$;

COMMENT ON FUNCTION ttfd.list_xp_history(bigint, integer) IS
  'A member''s XP at the end of each of the last days (at most 366), by the member''s time zone, from the day of joining or of the first event on, as far as the last 10,000 events reach. Returns day, gained, xp. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_xp_history(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_xp_history(bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

-- sql/functions/website/log_in.sql
-- The way in for somebody whom a provider (OAuth, OpenID Connect) has just vouched for. The identity is the provider's id.
CREATE OR REPLACE FUNCTION ttfd.log_in(
  p_platform text, p_external_id text, p_username text, p_display_name text, p_token_hash bytea)
RETURNS TABLE (user_id bigint, created boolean, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_external_id text := normalise_external_id(p_platform, p_external_id);
  v_username text := nullif(left(btrim(p_username), 255), '');
  v_display_name text := nullif(left(btrim(p_display_name), 255), '');
BEGIN
  PERFORM require_read_committed();
  SELECT c.user_id, c.created INTO user_id, created
    FROM create_account(p_platform, v_external_id, v_username, v_display_name) c;
  IF NOT created THEN
    PERFORM rename_account(p_platform, v_external_id, v_username, v_display_name);
  END IF;
  user_id := (lock_user(log_in.user_id)).id;
  expires_at := open_session(log_in.user_id, p_token_hash, p_platform);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.log_in(text, text, text, text, bytea) IS
  'Starts a session of the website for an account that its provider has verified in this very login; its user is created at first contact, and names that are given replace the known ones. p_token_hash is the SHA-256 of a random token that only the browser has. Returns user_id, created, expires_at. Raises TU002 when the external id has the wrong form. Needs READ COMMITTED (0A000).';

REVOKE ALL ON FUNCTION ttfd.log_in(text, text, text, text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.log_in(text, text, text, text, bytea) TO ttfd_website, ttfd_admin;

-- sql/functions/website/merge_verified_account.sql
-- Somebody who is logged in as one member has just logged in as another, too: both sides are proven.
CREATE OR REPLACE FUNCTION ttfd.merge_verified_account(p_user_id bigint, p_platform text, p_external_id text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := normalise_external_id(p_platform, p_external_id);
  v_own_id bigint;
  v_other_id bigint;
BEGIN
  PERFORM require_read_committed();
  PERFORM lock_account(p_platform, v_external_id);
  LOOP
    v_own_id := (find_own_account((find_survivor(p_user_id)).id)).user_id;
    v_other_id := find_owner(p_platform, v_external_id);
    IF v_other_id IS NULL THEN
      PERFORM raise_unknown_user(NULL);
    END IF;
    EXIT WHEN lock_live_users(ARRAY[v_own_id, v_other_id]);
  END LOOP;
  IF v_own_id = v_other_id THEN
    status := 'already_linked';
    user_id := v_own_id;
    RETURN NEXT;
  ELSE
    RETURN QUERY SELECT j.status, j.user_id, j.merge_id FROM join_proven_users(v_own_id, v_other_id, 'two logins') j;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.merge_verified_account(bigint, text, text) IS
  'Makes one of the member who is logged in to the website and the member of another account that its provider has verified in this very session; both are logged out everywhere. Returns status (linked when one had nothing yet, merged, already_linked), user_id (the survivor: who has a history, then who is older), merge_id for undo_member_merge. Raises TL002 when both have an account on one platform, TU001, TU002, TP001 when the member is not logged in. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.merge_verified_account(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.merge_verified_account(bigint, text, text) TO ttfd_website, ttfd_admin;

-- sql/functions/website/preview_login_link.sql
-- Messengers open the links that they show, so opening one must not use it up: the page asks, and says whose link it is.
CREATE OR REPLACE FUNCTION ttfd.preview_login_link(p_link_hash bytea)
RETURNS TABLE (user_id bigint, display_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT u.id, coalesce(u.display_name, u.username)
    FROM login_links l
    JOIN platform_accounts a ON a.platform = l.platform AND a.external_id = l.external_id
    JOIN unified_users u ON u.id = a.user_id
   WHERE l.token_hash = p_link_hash AND l.used_at IS NULL AND l.expires_at > ttfd.current_time();
END;
$$;

COMMENT ON FUNCTION ttfd.preview_login_link(bytea) IS
  'Whom a login link would log in, given the SHA-256 of its token. Returns user_id, display_name; no row for a link that is unknown, used or expired.';

REVOKE ALL ON FUNCTION ttfd.preview_login_link(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.preview_login_link(bytea) TO ttfd_website, ttfd_admin;

-- sql/functions/website/preview_member_link.sql
CREATE OR REPLACE FUNCTION ttfd.preview_member_link(p_code text, p_user_id bigint)
RETURNS TABLE (
  status text, other_display_name text, other_platforms text[], other_xp bigint, other_coins bigint,
  other_rank_id smallint, own_display_name text, own_platforms text[], own_xp bigint, own_coins bigint,
  own_rank_id smallint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_account platform_accounts := find_own_account((find_survivor(p_user_id)).id);
BEGIN
  RETURN QUERY SELECT c.* FROM preview_code(p_code, v_account.platform, v_account.external_id) c;
END;
$$;

COMMENT ON FUNCTION ttfd.preview_member_link(text, bigint) IS
  'preview_link for a member who is logged in to the website. Returns what preview_link returns. Raises TU001, TP001 when the member is not logged in.';

REVOKE ALL ON FUNCTION ttfd.preview_member_link(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.preview_member_link(text, bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/website/redeem_login_link.sql
-- One UPDATE uses the link up, so that of two browsers one is logged in.
CREATE OR REPLACE FUNCTION ttfd.redeem_login_link(p_link_hash bytea, p_token_hash bytea)
RETURNS TABLE (user_id bigint, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_link login_links;
BEGIN
  PERFORM require_read_committed();
  UPDATE login_links l
     SET used_at = ttfd.current_time()
   WHERE l.token_hash = p_link_hash AND l.used_at IS NULL AND l.expires_at > ttfd.current_time()
  RETURNING * INTO v_link;
  IF FOUND THEN
    user_id := (lock_user(find_owner(v_link.platform, v_link.external_id))).id;
    expires_at := open_session(user_id, p_token_hash, v_link.platform);
    RETURN NEXT;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_login_link(bytea, bytea) IS
  'Starts a session for the member whose bot has sent a login link, given the SHA-256 of the link''s token and of the new session''s. Returns user_id, expires_at; no row for a link that is unknown, used or expired. Needs READ COMMITTED (0A000).';

REVOKE ALL ON FUNCTION ttfd.redeem_login_link(bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.redeem_login_link(bytea, bytea) TO ttfd_website, ttfd_admin;

-- sql/functions/website/redeem_member_link.sql
CREATE OR REPLACE FUNCTION ttfd.redeem_member_link(p_code text, p_user_id bigint)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_account platform_accounts := find_own_account((find_survivor(p_user_id)).id);
BEGIN
  RETURN QUERY
  SELECT r.status, r.user_id, r.merge_id FROM redeem_code(p_code, v_account.platform, v_account.external_id) r;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_member_link(text, bigint) IS
  'redeem_link_code for a member who is logged in to the website. Two users who become one are logged out everywhere. Returns what redeem_link_code returns. Raises TL002, TU001, TP001 when the member is not logged in. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.redeem_member_link(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.redeem_member_link(text, bigint) TO ttfd_website, ttfd_admin;

-- sql/functions/website/set_member_language.sql
-- Chosen on the website, where all accounts are seen together, it holds for all of them.
CREATE OR REPLACE FUNCTION ttfd.set_member_language(p_user_id bigint, p_language text)
RETURNS TABLE (user_id bigint, language text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  user_id := (lock_represented_user(p_user_id)).id;
  language := p_language;
  INSERT INTO account_preferences AS p (platform, external_id, language, changed_at)
  SELECT a.platform, a.external_id, p_language, ttfd.current_time()
    FROM platform_accounts a
   WHERE a.user_id = set_member_language.user_id
  ON CONFLICT ON CONSTRAINT account_preferences_pkey DO UPDATE
    SET language = EXCLUDED.language, changed_at = EXCLUDED.changed_at;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.set_member_language(bigint, text) IS
  'Chooses the language in which the website and all bots speak to a member. Returns user_id, language. Raises 23514 (account_preferences_language_known) for another than ru, en or NULL, TU001, TP001 when the member is not logged in.';

REVOKE ALL ON FUNCTION ttfd.set_member_language(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_member_language(bigint, text) TO ttfd_website, ttfd_admin;

-- sql/functions/website/set_website_admin.sql
CREATE OR REPLACE FUNCTION ttfd.set_website_admin(p_user_id bigint, p_is_admin boolean)
RETURNS TABLE (user_id bigint, is_admin boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_is_changed boolean;
BEGIN
  user_id := (lock_user(p_user_id)).id;
  IF p_is_admin THEN
    INSERT INTO website_admins AS a (user_id, granted_at) VALUES (set_website_admin.user_id, ttfd.current_time()) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM website_admins a WHERE a.user_id = ANY (list_person(set_website_admin.user_id));
  END IF;
  v_is_changed := FOUND;
  is_admin := is_website_admin(user_id);
  IF v_is_changed THEN
    PERFORM audit('website_admin_changed', NULL, jsonb_build_object('user_id', user_id, 'is_admin', is_admin));
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.set_website_admin(bigint, boolean) IS
  'Lets a member use the administrators'' part of the website, or no longer. Returns user_id, is_admin. Raises TU001 when there is no such user. Audited.';

REVOKE ALL ON FUNCTION ttfd.set_website_admin(bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_website_admin(bigint, boolean) TO ttfd_admin;

-- sql/functions/website/start_session.sql
-- For a browser that was logged in a moment ago: linking and unlinking end all sessions, and it is given a new one.
CREATE OR REPLACE FUNCTION ttfd.start_session(p_user_id bigint, p_token_hash bytea, p_method text)
RETURNS TABLE (user_id bigint, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  user_id := (lock_user(p_user_id)).id;
  expires_at := open_session(user_id, p_token_hash, p_method);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.start_session(bigint, bytea, text) IS
  'Starts a session of a member whom the website knows already; p_method is the platform of the first login. Returns user_id (the survivor of a merge), expires_at. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.start_session(bigint, bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.start_session(bigint, bytea, text) TO ttfd_website, ttfd_admin;

-- sql/functions/website/undo_member_merge.sql
CREATE OR REPLACE FUNCTION ttfd.undo_member_merge(p_merge_id bigint, p_user_id bigint)
RETURNS TABLE (merge_id bigint, into_id bigint, from_id bigint, undone_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_account platform_accounts := find_own_account((find_survivor(p_user_id)).id);
BEGIN
  RETURN QUERY
  SELECT u.merge_id, u.into_id, u.from_id, u.undone_at FROM undo_merge_of(p_merge_id, v_account.user_id) u;
END;
$$;

COMMENT ON FUNCTION ttfd.undo_member_merge(bigint, bigint) IS
  'undo_own_merge for a member who is logged in to the website. Returns merge_id, into_id, from_id, undone_at. Raises TM001, TM002 as undo_merge does, P0002 when the member has no such merge, TU001, TP001 when the member is not logged in. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.undo_member_merge(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.undo_member_merge(bigint, bigint) TO ttfd_website, ttfd_admin;

RESET ROLE;
