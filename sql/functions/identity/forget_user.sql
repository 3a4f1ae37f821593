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
