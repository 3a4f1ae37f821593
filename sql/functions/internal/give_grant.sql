-- A twin that has left the queue is seen here, as insert_event sees it with its second look: the snapshot is newer than the
-- insert. Nothing is given then.
CREATE OR REPLACE FUNCTION ttfd.give_grant(
  p_event_id uuid, p_user ttfd.speaker, p_grant ttfd.event_grant, p_at timestamptz,
  OUT xp bigint, OUT coins bigint, OUT rank_id smallint, OUT has_reached boolean)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_season_id integer;
BEGIN
  IF p_grant.xp > 0 AND NOT (p_user.rule).is_admin_only THEN
    v_season_id := (ttfd.find_season(p_at)).id;
    IF p_user.season_id <> v_season_id THEN
      PERFORM ttfd.keep_past_seasons(ARRAY[p_user.id], v_season_id);
    END IF;
  END IF;
  UPDATE ttfd.unified_users u
     SET xp = u.xp + p_grant.xp,
         coins = u.coins + p_grant.coins,
         messages_sent = u.messages_sent + p_grant.messages,
         total_voice_time = u.total_voice_time + p_grant.voice_seconds,
         games_played = u.games_played + p_grant.games,
         games_won = u.games_won + p_grant.wins,
         last_active = greatest(u.last_active, p_at),
         season_id = coalesce(v_season_id, u.season_id),
         season_xp = CASE WHEN v_season_id IS NULL THEN u.season_xp
                          WHEN u.season_id = v_season_id THEN u.season_xp + p_grant.xp
                          ELSE p_grant.xp END,
         season_reached_at = CASE WHEN v_season_id IS NULL THEN u.season_reached_at ELSE p_at END,
         xp_since = CASE WHEN p_grant.xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, p_at) END
   WHERE u.id = p_user.id AND NOT ttfd.was_handled(p_event_id)
  RETURNING u.xp, u.coins, u.rank_id,
            EXISTS (SELECT 1
                      FROM (VALUES ('xp', u.xp - p_grant.xp, u.xp),
                                   ('coins', p_user.coins, u.coins),
                                   ('messages', u.messages_sent - p_grant.messages, u.messages_sent),
                                   ('voice', u.total_voice_time - p_grant.voice_seconds, u.total_voice_time),
                                   ('games', u.games_played - p_grant.games, u.games_played),
                                   ('wins', u.games_won - p_grant.wins, u.games_won)) g (metric, before, after)
                      JOIN ttfd.achievements a ON a.metric = g.metric AND a.threshold > g.before AND a.threshold <= g.after)
       INTO xp, coins, rank_id, has_reached;
  IF FOUND THEN
    PERFORM ttfd.keep_award_windows(p_user.id, (p_user.rule).name, p_grant.cooldown_start, p_grant.day_start, p_grant.xp);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.give_grant(uuid, ttfd.speaker, ttfd.event_grant, timestamptz) IS
  'Adds to a member who is locked what an event earns, with the windows that it uses. Returns xp, coins, rank_id afterwards, and whether the member has come to the threshold of an achievement; all NULL when the event was known already.';
