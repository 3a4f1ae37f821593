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
