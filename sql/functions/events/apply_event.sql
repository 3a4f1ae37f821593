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
