-- One pass over the records, because there may be millions: each is judged, and taken apart where nothing is wrong.
CREATE OR REPLACE FUNCTION ttfd.collect_import_accounts(p_run_id bigint, p_after bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
  v_tomorrow text := to_char(ttfd.current_time() AT TIME ZONE 'UTC' + INTERVAL '1 day', 'YYYY-MM-DD');
BEGIN
  INSERT INTO ttfd.import_accounts
    (run_id, row_id, origin, part, platform, external_id, source, source_key, reject_reason, name, username, display_name,
     telegram_id, discord_id, website_email, xp, coins, games_played, games_won, total_voice_time, messages_sent,
     daily_streak, last_daily, achievements, created_at, last_active)
  SELECT p_run_id, j.row_id, j.origin, j.part, j.platform, j.external_id, j.source, j.source_key, j.reason,
         ttfd.fold_name(j.username),
         nullif(left(btrim(j.username), 255), ''),
         nullif(left(btrim(j.display_name), 255), ''),
         nullif(btrim(j.telegram_id), ''),
         nullif(btrim(j.discord_id), ''),
         nullif(lower(btrim(j.website_email)), ''),
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.xp) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.coins) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.games_played) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.games_won) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.total_voice_time) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(j.messages_sent) END,
         CASE WHEN j.reason IS NULL THEN least(ttfd.import_amount(j.daily_streak), 100000) END,
         CASE WHEN j.reason IS NULL
              THEN (ttfd.import_time(j.last_daily, j.time_zone, j.has_usual_times) AT TIME ZONE j.time_zone)::date END,
         nullif(nullif(j.achievements, '[]'), 'null'),
         CASE WHEN j.reason IS NULL THEN ttfd.import_time(j.created_at, j.time_zone, j.has_usual_times) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_time(j.last_active, j.time_zone, j.has_usual_times) END
    FROM (SELECT v.*,
                 CASE
                   WHEN NOT v.is_object THEN 'the record is not an object'
                   WHEN v.id_pattern IS NULL THEN 'the platform is unknown'
                   WHEN coalesce(v.external_id, '') = '' THEN 'the id is missing'
                   WHEN v.external_id !~ v.id_pattern THEN 'the id has the wrong form: ' || left(v.external_id, 60)
                   WHEN jsonb_typeof(v.achievements) NOT IN ('array', 'object', 'null')
                   THEN 'achievements is no list: ' || left(v.achievements::text, 40)
                   ELSE coalesce(
                     -- Nearly all amounts are plain digits: one look for all of them.
                     CASE WHEN concat(v.xp, v.coins, v.games_played, v.games_won, v.total_voice_time, v.messages_sent,
                                      v.daily_streak) !~ '^[0-9]*$'
                            OR greatest(length(v.xp), length(v.coins), length(v.games_played), length(v.games_won),
                                        length(v.total_voice_time), length(v.messages_sent), length(v.daily_streak)) > 15
                          THEN coalesce(
                            ttfd.assess_import_amount('xp', v.xp),
                            ttfd.assess_import_amount('coins', v.coins),
                            ttfd.assess_import_amount('games_played', v.games_played),
                            ttfd.assess_import_amount('games_won', v.games_won),
                            ttfd.assess_import_amount('total_voice_time', v.total_voice_time),
                            ttfd.assess_import_amount('messages_sent', v.messages_sent),
                            ttfd.assess_import_amount('daily_streak', v.daily_streak)) END,
                     CASE WHEN NOT v.has_usual_times
                          THEN coalesce(
                            ttfd.explain_import_time('last_daily', v.last_daily),
                            ttfd.explain_import_time('created_at', v.created_at),
                            ttfd.explain_import_time('last_active', v.last_active)) END,
                     -- A claim in the future would forbid the next ones. It is tomorrow already somewhere.
                     CASE WHEN greatest(v.last_daily, v.created_at, v.last_active) > v_tomorrow
                           AND greatest(left(v.last_daily, 10), left(v.created_at, 10), left(v.last_active, 10)) > v_tomorrow
                          THEN 'a time lies in the future: ' || greatest(v.last_daily, v.created_at, v.last_active) END)
                 END AS reason
            FROM (SELECT n.*,
                         CASE WHEN n.folds_case THEN lower(btrim(n.given_id)) ELSE btrim(n.given_id) END AS external_id,
                         ttfd.are_usual_import_times(n.last_daily, n.created_at, n.last_active) AS has_usual_times
                    FROM (SELECT r.id AS row_id, r.part, r.platform, r.source, r.source_key, s.origin, s.time_zone,
                                 p.id_pattern, p.folds_case,
                                 jsonb_typeof(r.record) IS NOT DISTINCT FROM 'object' AS is_object,
                                 r.record ->> 'external_id' AS given_id,
                                 r.record ->> 'username' AS username,
                                 r.record ->> 'display_name' AS display_name,
                                 r.record ->> 'telegram_id' AS telegram_id,
                                 r.record ->> 'discord_id' AS discord_id,
                                 r.record ->> 'website_email' AS website_email,
                                 r.record ->> 'xp' AS xp,
                                 r.record ->> 'coins' AS coins,
                                 r.record ->> 'games_played' AS games_played,
                                 r.record ->> 'games_won' AS games_won,
                                 r.record ->> 'total_voice_time' AS total_voice_time,
                                 r.record ->> 'messages_sent' AS messages_sent,
                                 r.record ->> 'daily_streak' AS daily_streak,
                                 r.record ->> 'last_daily' AS last_daily,
                                 r.record -> 'achievements' AS achievements,
                                 r.record ->> 'created_at' AS created_at,
                                 r.record ->> 'last_active' AS last_active
                            FROM ttfd.import_rows r
                            JOIN ttfd.import_sources s ON s.run_id = r.run_id AND s.source = r.source
                            LEFT JOIN ttfd.platforms p ON p.name = r.platform
                           WHERE r.run_id = p_run_id AND r.id > p_after AND r.reject_reason IS NULL
                             AND (r.record ? 'event_id') IS NOT TRUE
                          OFFSET 0) n
                  OFFSET 0) v
          OFFSET 0) j;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_accounts(bigint, bigint) IS
  'Fills import_accounts with the records of a run after one: their values, or the reason why they cannot be imported.';
