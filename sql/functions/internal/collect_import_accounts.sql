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
  SELECT p_run_id, r.id, s.origin, r.part, r.platform, f.external_id, r.source, r.source_key, j.reason,
         ttfd.fold_name(v.username),
         nullif(left(btrim(v.username), 255), ''),
         nullif(left(btrim(v.display_name), 255), ''),
         nullif(btrim(v.telegram_id), ''),
         nullif(btrim(v.discord_id), ''),
         nullif(lower(btrim(v.website_email)), ''),
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(v.xp) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(v.coins) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(v.games_played) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(v.games_won) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(v.total_voice_time) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_amount(v.messages_sent) END,
         CASE WHEN j.reason IS NULL THEN least(ttfd.import_amount(v.daily_streak), 100000) END,
         CASE WHEN j.reason IS NULL
              THEN (ttfd.import_time(v.last_daily, s.time_zone) AT TIME ZONE s.time_zone)::date END,
         nullif(nullif(v.achievements, '[]'), 'null'),
         CASE WHEN j.reason IS NULL THEN ttfd.import_time(v.created_at, s.time_zone) END,
         CASE WHEN j.reason IS NULL THEN ttfd.import_time(v.last_active, s.time_zone) END
    FROM ttfd.import_rows r
    JOIN ttfd.import_sources s ON s.run_id = r.run_id AND s.source = r.source
    LEFT JOIN ttfd.platforms p ON p.name = r.platform
   CROSS JOIN LATERAL jsonb_to_record(CASE WHEN jsonb_typeof(r.record) = 'object' THEN r.record ELSE '{}' END) v (
           external_id text, username text, display_name text, telegram_id text, discord_id text, website_email text,
           xp text, coins text, games_played text, games_won text, total_voice_time text, messages_sent text,
           daily_streak text, last_daily text, achievements jsonb, created_at text, last_active text)
   CROSS JOIN LATERAL (
           SELECT CASE WHEN p.folds_case THEN lower(btrim(v.external_id)) ELSE btrim(v.external_id) END OFFSET 0
         ) f (external_id)
   CROSS JOIN LATERAL (
           SELECT CASE
                    WHEN jsonb_typeof(r.record) IS DISTINCT FROM 'object' THEN 'the record is not an object'
                    WHEN p.name IS NULL THEN 'the platform is unknown'
                    WHEN coalesce(f.external_id, '') = '' THEN 'the id is missing'
                    WHEN f.external_id !~ p.id_pattern THEN 'the id has the wrong form: ' || left(f.external_id, 60)
                    WHEN jsonb_typeof(v.achievements) NOT IN ('array', 'object', 'null')
                    THEN 'achievements is no list: ' || left(v.achievements::text, 40)
                    ELSE coalesce(
                      -- Nearly all amounts are plain digits: one look for all of them.
                      CASE WHEN translate(concat(v.xp, v.coins, v.games_played, v.games_won, v.total_voice_time,
                                                 v.messages_sent, v.daily_streak), '0123456789', '') <> ''
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
                      ttfd.assess_import_times(v.last_daily, v.created_at, v.last_active),
                      -- A claim in the future would forbid the next ones. It is tomorrow already somewhere.
                      CASE WHEN greatest(left(v.last_daily, 10), left(v.created_at, 10), left(v.last_active, 10)) > v_tomorrow
                           THEN 'a time lies in the future: '
                                || greatest(v.last_daily, v.created_at, v.last_active) END)
                  END
           OFFSET 0) j (reason)
   WHERE r.run_id = p_run_id AND r.id > p_after AND r.reject_reason IS NULL AND (r.record ? 'event_id') IS NOT TRUE;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_accounts(bigint, bigint) IS
  'Fills import_accounts with the records of a run after one: their values, or the reason why they cannot be imported.';
