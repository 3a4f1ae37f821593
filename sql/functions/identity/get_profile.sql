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
