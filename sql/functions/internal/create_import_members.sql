-- A person whom no accepted record is about, only somebody's contradicted word, is not made a member. Rows are written once
-- and as they shall be, because there may be millions: amounts, rank and, of members with one account, what
-- projected_accounts would say.
CREATE OR REPLACE FUNCTION ttfd.create_import_members(p_run_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_created bigint;
BEGIN
  WITH members AS (
    SELECT g.*
      FROM ttfd.list_import_totals(p_run_id) g
     WHERE NOT EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = g.user_id)
  ), lone AS (
    SELECT i.person, min(i.platform) AS platform, min(i.external_id) AS external_id, min(i.username) AS username,
           min(i.display_name) AS display_name
      FROM ttfd.import_identities i
     WHERE i.run_id = p_run_id
     GROUP BY i.person
    HAVING count(*) = 1
  )
  INSERT INTO ttfd.unified_users
    (id, xp, coins, games_played, games_won, total_voice_time, messages_sent, daily_streak, last_daily, achievements,
     created_at, last_active, xp_since, rank_id, highest_rank_id, rank_xp, next_rank_xp,
     platforms, primary_platform, username, display_name, telegram_id, discord_id, website_email)
  SELECT m.user_id, m.xp, m.coins, m.games_played, m.games_won, m.total_voice_time, m.messages_sent, m.daily_streak,
         m.last_daily, m.achievements, coalesce(m.created_at, v_now), coalesce(m.last_active, m.created_at, v_now),
         coalesce(m.last_active, m.created_at, v_now),
         r.id, r.id, r.rank_xp, r.next_rank_xp,
         CASE WHEN l.person IS NULL THEN '{}' ELSE ARRAY[l.platform] END, l.platform, l.username, l.display_name,
         CASE l.platform WHEN 'telegram' THEN l.external_id END,
         CASE l.platform WHEN 'discord' THEN l.external_id END,
         CASE l.platform WHEN 'website' THEN l.external_id END
    FROM members m
    JOIN ttfd.list_rank_ranges() r ON r.rank_xp <= m.xp AND m.xp < coalesce(r.next_rank_xp, m.xp + 1)
    LEFT JOIN lone l ON l.person = m.user_id
   ORDER BY m.user_id;
  GET DIAGNOSTICS v_created = ROW_COUNT;

  INSERT INTO ttfd.platform_accounts
    (platform, external_id, user_id, username, display_name, link_method, linked_at, import_run_id)
  SELECT i.platform, i.external_id, i.person, i.username, i.display_name, i.link_method, coalesce(i.linked_at, v_now), p_run_id
    FROM ttfd.import_identities i
   WHERE i.run_id = p_run_id AND i.user_id IS NULL
     AND EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id = i.person)
   ORDER BY i.person;
  RETURN v_created;
END;
$$;

COMMENT ON FUNCTION ttfd.create_import_members(bigint) IS
  'Makes members of the persons of a run who are none yet, with what they gain, and gives every account its row. Returns how many members are new.';
