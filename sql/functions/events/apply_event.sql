-- For what a member waits to see: granted at once, in one transaction with the event. The user is locked before the event
-- is inserted, as process_events does, so that the two never wait for each other crosswise.
CREATE OR REPLACE FUNCTION ttfd.apply_event(
  p_event_id uuid, p_platform text, p_external_id text, p_event_type text, p_data jsonb DEFAULT '{}')
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_data jsonb := coalesce(p_data, '{}');
  v_now timestamptz := ttfd.current_time();
  v_user_id bigint := resolve_user(p_platform, p_external_id);
  v_rule event_type_versions := check_event(p_event_id, p_event_type, v_data, v_now);
  v_user unified_users;
  v_grant record;
  v_rank_id smallint;
  v_outcome event_outcome;
BEGIN
  PERFORM require_read_committed();
  v_user := lock_user(v_user_id);
  v_grant := grant_event(v_user.id, v_rule, p_platform, v_data, v_now);
  IF v_user.xp + v_grant.xp >= v_user.next_rank_xp THEN
    SELECT r.id INTO v_rank_id FROM find_rank(v_user.xp + v_grant.xp) r WHERE r.id > v_user.highest_rank_id;
  END IF;
  IF NOT insert_event(p_event_id, v_user.id, p_event_type, p_platform, v_data,
                      v_grant.xp, v_grant.coins, v_grant.note, v_rank_id, v_now) THEN
    RETURN find_outcome(p_event_id, v_user.id, p_event_type, p_platform, v_data, NULL);
  END IF;
  PERFORM keep_award_windows(v_user.id, p_event_type, v_grant.cooldown_start, v_grant.day_start, v_grant.xp);
  UPDATE unified_users u
     SET xp = u.xp + v_grant.xp,
         coins = u.coins + v_grant.coins,
         messages_sent = u.messages_sent + v_grant.messages,
         total_voice_time = u.total_voice_time + v_grant.voice_seconds,
         games_played = u.games_played + v_grant.games,
         games_won = u.games_won + v_grant.wins,
         last_active = greatest(u.last_active, v_now),
         xp_since = CASE WHEN v_grant.xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, v_now) END
   WHERE u.id = v_user.id
  RETURNING p_event_id, u.id, 'applied', v_grant.xp, v_grant.coins, v_grant.note, u.xp, u.coins, u.rank_id,
            v_rank_id IS NOT NULL
    INTO v_outcome;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb) IS
  'Grants an event at once. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins (granted), note (why not more, or which boost), total_xp, total_coins, rank_id (the member''s now), rank_up (whether this event reached a new rank). Raises TE001 for an unknown or disabled type, TE002 when the id was used with other content, TE003 for an amount that may not be stated, 22003 and 22023 for data of the wrong form, 22004 without an id, 23514 when a balance would fall below zero, TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
