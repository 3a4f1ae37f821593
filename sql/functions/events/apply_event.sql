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
  v_after unified_users;
  v_season_id integer;
  v_season_xp bigint;
  v_grant record;
  v_rank_id smallint;
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
  IF v_grant.xp > 0 AND NOT v_rule.is_admin_only THEN
    v_season_id := (find_season(v_now)).id;
    IF v_user.season_id <> v_season_id THEN
      PERFORM keep_past_seasons(ARRAY[v_user.id], v_season_id);
    END IF;
  END IF;
  v_season_xp := CASE WHEN v_season_id IS NULL THEN 0 ELSE v_grant.xp END;
  UPDATE unified_users u
     SET xp = u.xp + v_grant.xp,
         coins = u.coins + v_grant.coins,
         messages_sent = u.messages_sent + v_grant.messages,
         total_voice_time = u.total_voice_time + v_grant.voice_seconds,
         games_played = u.games_played + v_grant.games,
         games_won = u.games_won + v_grant.wins,
         last_active = greatest(u.last_active, v_now),
         season_id = CASE WHEN v_season_xp > 0 THEN v_season_id ELSE u.season_id END,
         season_xp = v_season_xp + CASE WHEN v_season_xp = 0 OR u.season_id = v_season_id THEN u.season_xp ELSE 0 END,
         season_reached_at = CASE WHEN v_season_xp > 0 THEN v_now ELSE u.season_reached_at END,
         xp_since = CASE WHEN v_grant.xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, v_now) END
   WHERE u.id = v_user.id
  RETURNING u.* INTO v_after;
  IF has_reached_more(v_user, v_after) THEN
    PERFORM settle_achievements(ARRAY[v_user.id], true);
    SELECT * INTO v_after FROM unified_users u WHERE u.id = v_user.id;
  END IF;
  RETURN (p_event_id, v_user.id, 'applied', v_grant.xp, v_grant.coins, v_grant.note, v_after.xp, v_after.coins,
          v_after.rank_id, v_rank_id IS NOT NULL)::event_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb) IS
  'Grants an event at once. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins (granted), note (why not more, or which boost), total_xp, total_coins, rank_id (the member''s now), rank_up (whether this event reached a new rank). Raises TE001 for an unknown or disabled type, TE002 when the id was used with other content, TE003 for an amount that may not be stated, 22003 and 22023 for data of the wrong form, 22004 without an id, 23514 when a balance would fall below zero, TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
