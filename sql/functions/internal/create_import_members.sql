-- A person whom no accepted record is about, only somebody's contradicted word, is not made a member. Rows are written once
-- and as they shall be, because there may be millions: amounts, rank, what projected_accounts would say of their accounts, and
-- the achievements that show_import_achievements shows to others.
CREATE OR REPLACE FUNCTION ttfd.create_import_members(p_run_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_created bigint;
  v_ranks smallint[];
  v_thresholds bigint[];
BEGIN
  SELECT array_agg(r.id ORDER BY r.rank_xp), array_agg(r.rank_xp ORDER BY r.rank_xp) INTO v_ranks, v_thresholds
    FROM ttfd.list_rank_ranges() r;
  WITH members AS (
    SELECT g.*
      FROM ttfd.list_import_totals(p_run_id) g
     WHERE NOT EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = g.user_id)
  ), goals AS MATERIALIZED (
    SELECT a.name, a.threshold,
           array_position(ARRAY['xp', 'coins', 'messages', 'voice', 'games', 'wins', 'streak'], a.metric) AS metric
      FROM ttfd.achievements a
     WHERE a.is_enabled
     ORDER BY a.sort_order, a.name
  ), shown AS (
    SELECT i.person, array_agg(i.platform) AS platforms, (array_agg(i.platform))[1] AS primary_platform,
           (array_agg(i.username) FILTER (WHERE i.username IS NOT NULL))[1] AS username,
           (array_agg(i.display_name) FILTER (WHERE i.display_name IS NOT NULL))[1] AS display_name,
           min(i.external_id) FILTER (WHERE i.platform = 'telegram') AS telegram_id,
           min(i.external_id) FILTER (WHERE i.platform = 'discord') AS discord_id,
           min(i.external_id) FILTER (WHERE i.platform = 'website') AS website_email
      FROM (SELECT n.*
              FROM ttfd.import_identities n
             WHERE n.run_id = p_run_id AND n.user_id IS NULL
             ORDER BY n.person, coalesce(n.linked_at, v_now), n.platform) i
     GROUP BY i.person
  )
  INSERT INTO ttfd.unified_users
    (id, xp, coins, games_played, games_won, total_voice_time, messages_sent, daily_streak, last_daily, achievements,
     created_at, last_active, xp_since, rank_id, highest_rank_id, rank_xp, next_rank_xp,
     platforms, primary_platform, username, display_name, telegram_id, discord_id, website_email)
  SELECT m.user_id, m.xp, m.coins, m.games_played, m.games_won, m.total_voice_time, m.messages_sent, m.daily_streak,
         m.last_daily,
         m.achievements || ARRAY(
           SELECT g.name FROM goals g WHERE g.threshold <= p.amounts[g.metric] AND g.name <> ALL (m.achievements)),
         coalesce(m.created_at, v_now), coalesce(m.last_active, m.created_at, v_now),
         coalesce(m.last_active, m.created_at, v_now),
         v_ranks[p.place], v_ranks[p.place], v_thresholds[p.place], v_thresholds[p.place + 1],
         CASE WHEN cardinality(s.platforms) > 1 THEN ARRAY(SELECT unnest(s.platforms) ORDER BY 1) ELSE s.platforms END,
         s.primary_platform, s.username, s.display_name, s.telegram_id, s.discord_id, s.website_email
    FROM members m
   CROSS JOIN LATERAL (
           SELECT width_bucket(m.xp, v_thresholds),
                  ARRAY[m.xp, m.coins, m.messages_sent, m.total_voice_time, m.games_played, m.games_won, m.daily_streak]
           OFFSET 0) p (place, amounts)
    JOIN shown s ON s.person = m.user_id
   ORDER BY m.user_id;
  GET DIAGNOSTICS v_created = ROW_COUNT;

  PERFORM ttfd.add_import_accounts(p_run_id, true);
  PERFORM ttfd.add_import_accounts(p_run_id, false);
  RETURN v_created;
END;
$$;

COMMENT ON FUNCTION ttfd.create_import_members(bigint) IS
  'Makes members of the persons of a run who are none yet, with what they gain, and gives every account its row. Returns how many members are new.';
