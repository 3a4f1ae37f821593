-- Generated from sql/triggers by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

-- sql/triggers/achievements__recheck.sql
-- A new or lowered achievement is unlocked for those who are there already: unlock_achievements looks through everybody.
CREATE OR REPLACE FUNCTION ttfd.achievements__recheck()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF TG_OP <> 'DELETE' THEN
    UPDATE achievement_scan SET next_user_id = 0;
  END IF;
  PERFORM audit('achievement_' || lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.achievements__recheck() IS 'Has members checked anew when achievements change. Audited.';

CREATE OR REPLACE TRIGGER recheck AFTER INSERT OR UPDATE OR DELETE ON ttfd.achievements
  FOR EACH ROW EXECUTE FUNCTION ttfd.achievements__recheck();

-- sql/triggers/boosts__audit.sql
CREATE OR REPLACE FUNCTION ttfd.boosts__audit()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM audit('boost_' || lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.boosts__audit() IS 'Writes changes of boosts into the audit log.';

CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ttfd.boosts
  FOR EACH ROW EXECUTE FUNCTION ttfd.boosts__audit();

-- sql/triggers/cross_platform_events__ring.sql
-- The doorbell of the worker. A NOTIFY takes a lock that all commits share, so it rings only when it has to: not while a
-- worker has promised to look again soon (silence_doorbell), nor when somebody else is waiting, who has rung already.
-- The look at the queue is at the sender's own lane and starts behind the last batch, because the index is full of dead rows
-- before it; whoever is overlooked costs one more ring. Two writers may miss each other's commit, or the end of the silence:
-- the worker's poll covers that.
CREATE OR REPLACE FUNCTION ttfd.cross_platform_events__ring()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF clock_timestamp() < (SELECT d.silent_until FROM doorbell d) THEN
    RETURN NULL;
  END IF;
  IF NOT EXISTS (SELECT 1
               FROM (SELECT pg_catalog.hashtext(a.source_platform) & 7 AS lane, min(a.seq) AS seq FROM added a GROUP BY 1) n
              CROSS JOIN feed_head h
              CROSS JOIN LATERAL (
                      SELECT e.seq
                        FROM cross_platform_events_pending e
                       WHERE pg_catalog.hashtext(e.source_platform) & 7 = n.lane AND e.seq > h.last_seq
                       ORDER BY e.seq
                       LIMIT 1) o
              WHERE o.seq < n.seq) THEN
    PERFORM pg_notify('ttfd_events', '');
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.cross_platform_events__ring() IS
  'Notifies ttfd_events when the queue was empty and no worker has promised to look.';

-- A trigger per statement fires for the table that the statement names, whichever of the two it is.
CREATE OR REPLACE TRIGGER ring AFTER INSERT ON ttfd.cross_platform_events
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.cross_platform_events__ring();

CREATE OR REPLACE TRIGGER ring AFTER INSERT ON ttfd.cross_platform_events_pending
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.cross_platform_events__ring();

-- sql/triggers/event_types__keep_versions.sql
-- A changed rule holds from now on; what happened before is judged by the rule that held then, whenever it arrives.
-- Columns are matched by name, so that one that is added to both tables later is kept as well.
CREATE OR REPLACE FUNCTION ttfd.event_types__keep_versions()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  IF TG_OP <> 'INSERT' THEN
    -- A version of this very moment never held for anything.
    DELETE FROM event_type_versions v WHERE v.name = OLD.name AND v.valid_to = 'infinity' AND v.valid_from >= v_now;
    UPDATE event_type_versions v SET valid_to = v_now WHERE v.name = OLD.name AND v.valid_to = 'infinity';
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO event_type_versions
    SELECT r.*
      FROM jsonb_populate_record(NULL::event_type_versions, to_jsonb(NEW) || jsonb_build_object(
             'valid_from', CASE WHEN EXISTS (SELECT 1 FROM event_type_versions v WHERE v.name = NEW.name)
                                THEN v_now ELSE '-infinity' END,
             'valid_to', 'infinity')) r;
  END IF;
  PERFORM audit('event_type_' || lower(TG_OP),
                CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.event_types__keep_versions() IS 'Keeps every rule with the time in which it held. Audited.';

CREATE OR REPLACE TRIGGER keep_versions AFTER INSERT OR UPDATE OR DELETE ON ttfd.event_types
  FOR EACH ROW EXECUTE FUNCTION ttfd.event_types__keep_versions();

-- sql/triggers/platform_accounts__end_sessions.sql
-- Whoever loses an account, by a merge, its undoing, unlinking or being forgotten, is another person than the one who logged in.
CREATE OR REPLACE FUNCTION ttfd.platform_accounts__end_sessions()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  DELETE FROM website_sessions s WHERE s.user_id IN (OLD.user_id, NEW.user_id);
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platform_accounts__end_sessions() IS
  'Logs members out everywhere when an account leaves one of them for the other, or for good.';

CREATE OR REPLACE TRIGGER end_sessions_of_both AFTER UPDATE OF user_id ON ttfd.platform_accounts
  FOR EACH ROW WHEN (OLD.user_id <> NEW.user_id) EXECUTE FUNCTION ttfd.platform_accounts__end_sessions();

CREATE OR REPLACE TRIGGER end_sessions AFTER DELETE ON ttfd.platform_accounts
  FOR EACH ROW EXECUTE FUNCTION ttfd.platform_accounts__end_sessions();

-- sql/triggers/platform_accounts__keep_last.sql
-- A member without an account could never come back. A merged user is a signpost and a forgotten one nobody: they
-- need none.
CREATE OR REPLACE FUNCTION ttfd.platform_accounts__keep_last()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  PERFORM 1 FROM unified_users u WHERE u.id IN (SELECT r.user_id FROM removed r) ORDER BY u.id FOR NO KEY UPDATE;
  SELECT u.id INTO v_user_id
    FROM unified_users u
   WHERE u.id IN (SELECT r.user_id FROM removed r)
     AND u.merged_into IS NULL
     AND u.forgotten_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM platform_accounts a WHERE a.user_id = u.id)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the last account of user % cannot be removed', v_user_id
      USING ERRCODE = 'TL003', HINT = 'Link another account first.';
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platform_accounts__keep_last() IS 'Refuses to leave a member without an account. Raises TL003.';

CREATE OR REPLACE TRIGGER keep_last_delete AFTER DELETE ON ttfd.platform_accounts
  REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__keep_last();

CREATE OR REPLACE TRIGGER keep_last_update AFTER UPDATE ON ttfd.platform_accounts
  REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__keep_last();

-- sql/triggers/platform_accounts__project.sql
-- unified_users shows the accounts of its members, so that one row tells all. Per statement: an import links thousands.
CREATE OR REPLACE FUNCTION ttfd.platform_accounts__project()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_ids bigint[];
BEGIN
  IF current_setting('ttfd.update_kind', true) = 'create' AND pg_has_role(session_user, 'ttfd_admin', 'MEMBER') THEN
    RETURN NULL;  -- An import has written the members with what they have to show. Anybody can set this, so not anybody is believed.
  ELSIF TG_OP = 'INSERT' THEN
    -- Whoever made a member for the account has written its columns already.
    v_user_ids := ARRAY(
      SELECT DISTINCT a.user_id
        FROM added a
        JOIN unified_users u ON u.id = a.user_id
       WHERE (u.platforms, u.primary_platform, u.username, u.display_name,
              CASE a.platform WHEN 'telegram' THEN u.telegram_id WHEN 'discord' THEN u.discord_id
                              WHEN 'website' THEN u.website_email ELSE a.external_id END)
             IS DISTINCT FROM
             (ARRAY[a.platform], a.platform, a.username, a.display_name, a.external_id));
  ELSIF TG_OP = 'DELETE' THEN
    v_user_ids := ARRAY(SELECT DISTINCT user_id FROM removed);
  ELSE
    v_user_ids := ARRAY(SELECT user_id FROM removed UNION SELECT user_id FROM added);
  END IF;
  PERFORM 1 FROM unified_users u WHERE u.id = ANY (v_user_ids) ORDER BY u.id FOR NO KEY UPDATE;
  PERFORM project_accounts(v_user_ids);
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platform_accounts__project() IS 'Keeps the columns of unified_users that show the accounts.';

CREATE OR REPLACE TRIGGER project_insert AFTER INSERT ON ttfd.platform_accounts
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__project();

CREATE OR REPLACE TRIGGER project_update AFTER UPDATE ON ttfd.platform_accounts
  REFERENCING OLD TABLE AS removed NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__project();

CREATE OR REPLACE TRIGGER project_delete AFTER DELETE ON ttfd.platform_accounts
  REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__project();

-- sql/triggers/platform_accounts__recall.sql
-- An account that was forgotten and comes back, by whatever way, does not get twice what it has had already.
CREATE OR REPLACE FUNCTION ttfd.platform_accounts__recall()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM raise_unknown_user(u.id)
     FROM added a
     JOIN unified_users u ON u.id = a.user_id AND u.forgotten_at IS NOT NULL;
  PERFORM restore_limits(a.user_id, f.limits)
     FROM added a
    CROSS JOIN forgetting_key k
     JOIN forgotten_accounts f ON f.account_digest = digest_account(k.key, a.platform, a.external_id)
    WHERE f.expires_at > ttfd.current_time()
    ORDER BY a.user_id;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platform_accounts__recall() IS
  'Restores the limits of accounts that were forgotten not long ago. Raises TU001 when an account is given to a forgotten member.';

CREATE OR REPLACE TRIGGER recall AFTER INSERT ON ttfd.platform_accounts
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__recall();

-- sql/triggers/ranks__rerank_users.sql
-- An administrator who moves a threshold moves the members with it. A rank that falls into somebody's lap this way is
-- settled without a reward: rewards are for climbing.
CREATE OR REPLACE FUNCTION ttfd.ranks__rerank_users()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ranks r WHERE r.required_xp = 0) THEN
    RAISE EXCEPTION 'one of the ranks has to hold from 0 XP'
      USING ERRCODE = 'check_violation', HINT = 'Everybody has a rank, new members too.';
  END IF;
  PERFORM audit('ranks_changed', NULL, (SELECT jsonb_agg(r ORDER BY r.id) FROM ranks r));
  UPDATE unified_users u
     SET rank_id = r.id, rank_xp = r.rank_xp, next_rank_xp = r.next_rank_xp,
         highest_rank_id = greatest(u.highest_rank_id, r.id)
    FROM unified_users o
   CROSS JOIN LATERAL find_rank(o.xp) r
   WHERE o.id = u.id
     AND (u.rank_id, u.rank_xp, u.next_rank_xp) IS DISTINCT FROM (r.id, r.rank_xp, r.next_rank_xp);
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.ranks__rerank_users() IS 'Gives every member the rank that the changed ladder says. Audited. Raises 23514 when no rank holds from 0 XP.';

CREATE OR REPLACE TRIGGER rerank_users AFTER INSERT OR UPDATE OR DELETE ON ttfd.ranks
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.ranks__rerank_users();

-- sql/triggers/role_rewards__audit.sql
CREATE OR REPLACE FUNCTION ttfd.role_rewards__audit()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM audit('role_reward_' || lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.role_rewards__audit() IS 'Writes changes of role rewards into the audit log.';

CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ttfd.role_rewards
  FOR EACH ROW EXECUTE FUNCTION ttfd.role_rewards__audit();

-- sql/triggers/season_rewards__audit.sql
CREATE OR REPLACE FUNCTION ttfd.season_rewards__audit()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM audit('season_reward_' || lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.season_rewards__audit() IS 'Writes changes of season rewards into the audit log.';

CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ttfd.season_rewards
  FOR EACH ROW EXECUTE FUNCTION ttfd.season_rewards__audit();

-- sql/triggers/season_settings__audit.sql
CREATE OR REPLACE FUNCTION ttfd.season_settings__audit()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM audit('season_settings_' || lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.season_settings__audit() IS 'Writes changes of the season settings into the audit log.';

CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ttfd.season_settings
  FOR EACH ROW EXECUTE FUNCTION ttfd.season_settings__audit();

-- sql/triggers/shop_items__audit.sql
-- A sale is no change of the rules; the event log has it.
CREATE OR REPLACE FUNCTION ttfd.shop_items__audit()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_before jsonb := to_jsonb(OLD) - 'sold';
  v_after jsonb := to_jsonb(NEW) - 'sold';
BEGIN
  IF v_before IS DISTINCT FROM v_after THEN
    PERFORM audit('shop_item_' || lower(TG_OP), v_before, v_after);
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.shop_items__audit() IS 'Writes changes of shop items into the audit log.';

CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ttfd.shop_items
  FOR EACH ROW EXECUTE FUNCTION ttfd.shop_items__audit();

-- sql/triggers/unified_users__follow_rank.sql
-- Rank follows XP here and nowhere else. The rewards of all ranks newly reached are paid at once, as an event of their
-- own, so that the ledger has them. A statement that raises highest_rank_id itself (an import, a merge) pays nothing.
-- The WHEN clauses look at the row alone: almost every award stays within its rank and never gets here.
CREATE OR REPLACE FUNCTION ttfd.unified_users__follow_rank()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_reward bigint;
  v_from smallint := NEW.highest_rank_id;
BEGIN
  IF NEW.xp < 0 THEN
    RETURN NEW;  -- The CHECK on the column refuses it, in its own words.
  END IF;
  SELECT r.id, r.rank_xp, r.next_rank_xp INTO NEW.rank_id, NEW.rank_xp, NEW.next_rank_xp FROM find_rank(NEW.xp) r;
  IF NEW.rank_id <= NEW.highest_rank_id THEN
    RETURN NEW;
  END IF;
  NEW.highest_rank_id := NEW.rank_id;
  IF TG_OP = 'UPDATE' THEN
    SELECT sum(r.coins) INTO v_reward FROM ranks r WHERE r.id > v_from AND r.id <= NEW.rank_id;
    NEW.coins := NEW.coins + v_reward;
    INSERT INTO cross_platform_events_pending (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
    VALUES (generate_event_id(), NEW.id, 'rank_up', 'system',
            jsonb_build_object('from_rank_id', v_from, 'to_rank_id', NEW.rank_id), 0, v_reward, ttfd.current_time());
  END IF;
  RETURN NEW;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__follow_rank() IS
  'Sets the rank that XP holds, and pays each newly reached rank once, as an event rank_up.';

CREATE OR REPLACE TRIGGER follow_rank BEFORE UPDATE OF xp ON ttfd.unified_users
  FOR EACH ROW WHEN (NEW.xp >= NEW.next_rank_xp OR NEW.xp < NEW.rank_xp)
  EXECUTE FUNCTION ttfd.unified_users__follow_rank();

-- Who writes the top rank knows what he writes: nothing follows it, as nothing yet follows the first rank of a new member.
CREATE OR REPLACE TRIGGER take_rank BEFORE INSERT ON ttfd.unified_users
  FOR EACH ROW WHEN ((NEW.xp >= NEW.rank_xp AND (NEW.xp < NEW.next_rank_xp OR NEW.next_rank_xp IS NULL AND NEW.rank_xp > 0)) IS NOT TRUE)
  EXECUTE FUNCTION ttfd.unified_users__follow_rank();

-- sql/triggers/unified_users__keep_standing.sql
-- What unified_users__keep_standings does for many, for one member who is updated alone.
CREATE OR REPLACE FUNCTION ttfd.unified_users__keep_standing()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF (OLD.xp, OLD.xp_since, OLD.is_listed) = (NEW.xp, NEW.xp_since, NEW.is_listed) THEN
    RETURN NULL;
  END IF;
  IF OLD.is_listed THEN
    DELETE FROM xp_standings s WHERE (s.minus_xp, s.since, s.user_id) = (-OLD.xp, OLD.xp_since, OLD.id);
  END IF;
  IF NEW.is_listed THEN
    INSERT INTO xp_standings (minus_xp, since, user_id) VALUES (-NEW.xp, NEW.xp_since, NEW.id);
  END IF;
  INSERT INTO xp_moves (xp, members)
  SELECT m.xp, m.members
    FROM (VALUES (OLD.xp, -OLD.is_listed::integer), (NEW.xp, NEW.is_listed::integer)) m (xp, members)
   WHERE m.members <> 0;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__keep_standing() IS
  'Keeps the leaderboard by XP in step with a member who is updated alone.';

-- The columns decide before anything is called; the clause is short, because it is parsed anew for every statement.
CREATE OR REPLACE TRIGGER keep_standing AFTER UPDATE OF xp, xp_since, is_hidden, merged_into, forgotten_at, is_listed ON ttfd.unified_users
  FOR EACH ROW WHEN (coalesce(current_setting('ttfd.update_kind', true), '') = '')
  EXECUTE FUNCTION ttfd.unified_users__keep_standing();

-- sql/triggers/unified_users__keep_standings.sql
-- The one place that knows who came to an XP and who left it, whatever changed the member. Most updates are of one member
-- and that is quicker by itself (unified_users__keep_standing). Who updates many says so in ttfd.update_kind, and the statement
-- is dealt with as a set: bulk leaves moves; batch holds feed_head, and counts at once.
-- The plan settings are there because PostgreSQL knows nothing of the rows that a statement changed.
CREATE OR REPLACE FUNCTION ttfd.unified_users__keep_standings()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $$
DECLARE
  v_xp bigint[];
  v_members bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO xp_standings (minus_xp, since, user_id) SELECT -n.xp, n.xp_since, n.id FROM new_rows n WHERE n.is_listed ORDER BY 1, 2, 3;
    INSERT INTO xp_moves (xp, members) SELECT n.xp, count(*) FROM new_rows n WHERE n.is_listed GROUP BY n.xp;
    -- Whom an import makes, and gives something, it tells of by an event.
    INSERT INTO standing_changes (user_id, at)
    SELECT n.id, n.xp_since
      FROM new_rows n
     WHERE coalesce(current_setting('ttfd.update_kind', true), '') <> 'import'
       AND n.is_listed AND greatest(n.coins, n.messages_sent, n.total_voice_time, n.games_played, n.games_won, n.season_xp) > 0;
  ELSIF TG_OP = 'DELETE' THEN
    DELETE FROM xp_standings s
     USING old_rows o
     WHERE o.is_listed AND (s.minus_xp, s.since, s.user_id) = (-o.xp, o.xp_since, o.id);
    INSERT INTO xp_moves (xp, members) SELECT o.xp, -count(*) FROM old_rows o WHERE o.is_listed GROUP BY o.xp;
    INSERT INTO standing_changes (user_id, at) SELECT o.id, ttfd.current_time() FROM old_rows o;
  ELSE
    WITH changed AS MATERIALIZED (
      SELECT c.xp, c.since, c.user_id, sum(c.members) AS members
        FROM (SELECT o.xp, o.xp_since, o.id, -1 FROM old_rows o WHERE o.is_listed
               UNION ALL
              SELECT n.xp, n.xp_since, n.id, 1 FROM new_rows n WHERE n.is_listed) c (xp, since, user_id, members)
       GROUP BY c.xp, c.since, c.user_id
      HAVING sum(c.members) <> 0
    ), gone AS (
      DELETE FROM xp_standings s
       USING changed c
       WHERE c.members < 0 AND (s.minus_xp, s.since, s.user_id) = (-c.xp, c.since, c.user_id)
    ), come AS (
      INSERT INTO xp_standings (minus_xp, since, user_id)
      SELECT -c.xp, c.since, c.user_id FROM changed c WHERE c.members > 0
    )
    SELECT array_agg(m.xp), array_agg(m.members) INTO v_xp, v_members
      FROM (SELECT c.xp, sum(c.members) AS members FROM changed c GROUP BY c.xp HAVING sum(c.members) <> 0) m;
    IF current_setting('ttfd.update_kind', true) = 'batch' THEN
      PERFORM count_moves(v_xp, v_members);
    ELSE
      INSERT INTO xp_moves (xp, members) SELECT m.xp, m.members FROM unnest(v_xp, v_members) m (xp, members);
    END IF;
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__keep_standings() IS 'Keeps the leaderboard by XP in step with the members: xp_standings at once, board_counts by way of xp_moves. Of the others it notes who comes and goes.';

CREATE OR REPLACE TRIGGER keep_standings_inserted AFTER INSERT ON ttfd.unified_users
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.unified_users__keep_standings();

CREATE OR REPLACE TRIGGER keep_standings_updated AFTER UPDATE ON ttfd.unified_users
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT WHEN (current_setting('ttfd.update_kind', true) <> '')
  EXECUTE FUNCTION ttfd.unified_users__keep_standings();

CREATE OR REPLACE TRIGGER keep_standings_deleted AFTER DELETE ON ttfd.unified_users
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.unified_users__keep_standings();

-- sql/triggers/unified_users__list.sql
-- A generated column would be worked out anew at every update of a member.
CREATE OR REPLACE FUNCTION ttfd.unified_users__list()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  NEW.is_listed := NEW.merged_into IS NULL AND NEW.forgotten_at IS NULL AND NOT NEW.is_hidden;
  RETURN NEW;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__list() IS 'Says whether a member is on the leaderboards.';

CREATE OR REPLACE TRIGGER list BEFORE UPDATE OF is_hidden, merged_into, forgotten_at, is_listed ON ttfd.unified_users
  FOR EACH ROW EXECUTE FUNCTION ttfd.unified_users__list();

CREATE OR REPLACE TRIGGER list_inserted BEFORE INSERT ON ttfd.unified_users
  FOR EACH ROW WHEN (NEW.merged_into IS NOT NULL OR NEW.forgotten_at IS NOT NULL OR NEW.is_hidden OR NOT NEW.is_listed)
  EXECUTE FUNCTION ttfd.unified_users__list();

-- sql/triggers/unified_users__note_change.sql
-- What an event changes is found in the queue or behind settled_to. A batch does nothing else; of single members the clause knows it by
-- the time of the last activity, which moves along: a wrong guess costs a row that was not needed. A score that makes room for
-- that of the next season counts as before (keep_past_seasons).
CREATE OR REPLACE FUNCTION ttfd.unified_users__note_change()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF (OLD.is_listed, OLD.coins, OLD.messages_sent, OLD.total_voice_time, OLD.games_played, OLD.games_won)
     <> (NEW.is_listed, NEW.coins, NEW.messages_sent, NEW.total_voice_time, NEW.games_played, NEW.games_won)
     OR (OLD.season_id, OLD.season_xp, OLD.season_reached_at) IS DISTINCT FROM (NEW.season_id, NEW.season_xp, NEW.season_reached_at)
        AND (NEW.season_id = OLD.season_id OR NEW.season_xp > 0) THEN
    INSERT INTO standing_changes (user_id, at) VALUES (NEW.id, ttfd.current_time());
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.unified_users__note_change() IS
  'Notes that a member''s place on the leaderboards other than by XP has changed, where no event may tell.';

CREATE OR REPLACE TRIGGER note_change
  AFTER UPDATE OF coins, messages_sent, total_voice_time, games_played, games_won, season_id, season_xp, season_reached_at,
                  is_hidden, merged_into, forgotten_at, is_listed
  ON ttfd.unified_users
  FOR EACH ROW WHEN (NEW.last_active = OLD.last_active AND current_setting('ttfd.update_kind', true) IS DISTINCT FROM 'batch')
  EXECUTE FUNCTION ttfd.unified_users__note_change();

RESET ROLE;
