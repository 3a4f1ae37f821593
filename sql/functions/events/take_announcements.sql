-- The position is kept here and not in the bot, so that a restart neither repeats nor forgets. Most events are announced
-- to nobody: the loop passes over them a slice at a time, for a second at most, and the cursor keeps what it has passed.
-- What was postponed lies before the cursor, and is judged anew: by now nobody may want to hear it.
CREATE OR REPLACE FUNCTION ttfd.take_announcements(p_platform text, p_reader uuid, p_limit integer DEFAULT 20)
RETURNS TABLE (
  "position" bigint, event_id uuid, event_type text, user_id bigint, external_id text, display_name text, language text,
  audience text, data jsonb, xp bigint, coins bigint, occurred_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_cursor announcement_cursors;
  v_position bigint;
  v_head bigint;
  v_until bigint;
  v_limit integer := least(greatest(p_limit, 1), 1000);
  v_give_up_at timestamptz := clock_timestamp() + INTERVAL '1 second';
BEGIN
  PERFORM require_platform(p_platform);
  v_cursor := lease_announcements(p_platform, p_reader);
  IF v_cursor.platform IS NULL THEN
    RETURN;
  END IF;
  v_position := v_cursor.position;
  SELECT greatest(h.position, v_position) INTO v_head FROM feed_head h;
  DELETE FROM postponed_announcements a
   WHERE a.platform = p_platform
     AND (a.epoch <> v_cursor.epoch
          OR a.due_at <= ttfd.current_time()
             AND NOT EXISTS (SELECT 1 FROM list_announceable(p_platform, a.position - 1, a.position, 1)));
  LOOP
    v_until := least(v_position + 20000, v_head);
    RETURN QUERY
    SELECT e.position, e.id, e.event_type, l.user_id, l.external_id, coalesce(u.display_name, u.username),
           CASE WHEN l.external_id IS NOT NULL THEN (SELECT g.language FROM get_preferences(p_platform, l.external_id) g) END,
           l.audience, e.data || coalesce(announcement_details(e.event_type, e.data), '{}'), e.xp, e.coins, e.occurred_at
      FROM (SELECT again.*
              FROM postponed_announcements a
             CROSS JOIN LATERAL list_announceable(p_platform, a.position - 1, a.position, 1) again
             WHERE a.platform = p_platform AND a.due_at <= ttfd.current_time()
             UNION ALL
            SELECT * FROM list_announceable(p_platform, v_position, v_until, v_limit)) l
      JOIN cross_platform_events_processed e ON e.position = l.position
      LEFT JOIN unified_users u ON u.id = l.user_id
     ORDER BY e.position
     LIMIT v_limit;
    EXIT WHEN FOUND;
    v_position := v_until;
    EXIT WHEN v_position >= v_head OR clock_timestamp() >= v_give_up_at;
  END LOOP;
  UPDATE announcement_cursors c SET position = v_position WHERE c.platform = p_platform;
END;
$$;

COMMENT ON FUNCTION ttfd.take_announcements(text, uuid, integer) IS
  'What the bot of a platform is to tell next, in feed order: rank_up, achievement_unlock, season_reward (where it paid), account_linked, account_unlinked, accounts_merged, merge_undone to the member, season_closed to the community. p_reader is an id that the process has chosen for itself: another one gets nothing for two minutes, so that each is told once per platform. The first reading begins at the present head. Returns position, event_id, event_type, user_id (0 for the community), external_id (NULL for the community), display_name, language, audience (private: the member alone; public: the community), data (with rank_name, titles or winner_names added), xp, coins, occurred_at. Of what is older than 15 minutes only the last of each kind for each member is told, privately, and nothing after 7 days; what concerns accounts, and who is off the leaderboards, is always private; whoever has chosen off is told what concerns accounts and nothing else. The same rows come again until confirm_announcements, or for a while until postpone_announcement. Raises TP001.';

REVOKE ALL ON FUNCTION ttfd.take_announcements(text, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.take_announcements(text, uuid, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
