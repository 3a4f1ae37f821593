CREATE OR REPLACE FUNCTION ttfd.collect_import_accounts(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.import_accounts
    (run_id, origin, part, platform, external_id, source, source_key, username, display_name, telegram_id, discord_id,
     website_email, xp, coins, games_played, games_won, total_voice_time, messages_sent, daily_streak, last_daily,
     achievements, created_at, last_active)
  SELECT p_run_id, s.origin, r.part, r.platform, ttfd.fold_external_id(p, r.record ->> 'external_id'), r.source, r.source_key,
         nullif(left(btrim(r.record ->> 'username'), 255), ''),
         nullif(left(btrim(r.record ->> 'display_name'), 255), ''),
         nullif(btrim(r.record ->> 'telegram_id'), ''),
         nullif(btrim(r.record ->> 'discord_id'), ''),
         nullif(lower(btrim(r.record ->> 'website_email')), ''),
         ttfd.import_amount(r.record -> 'xp'),
         ttfd.import_amount(r.record -> 'coins'),
         ttfd.import_amount(r.record -> 'games_played'),
         ttfd.import_amount(r.record -> 'games_won'),
         ttfd.import_amount(r.record -> 'total_voice_time'),
         ttfd.import_amount(r.record -> 'messages_sent'),
         least(ttfd.import_amount(r.record -> 'daily_streak'), 100000),
         (ttfd.import_time(r.record ->> 'last_daily', s.time_zone) AT TIME ZONE s.time_zone)::date,
         CASE jsonb_typeof(r.record -> 'achievements')
           WHEN 'array' THEN ARRAY(SELECT e.name FROM jsonb_array_elements_text(r.record -> 'achievements') e (name)
                                    WHERE e.name IS NOT NULL)
           WHEN 'object' THEN ARRAY(SELECT jsonb_object_keys(r.record -> 'achievements'))
           ELSE '{}'
         END,
         ttfd.import_time(r.record ->> 'created_at', s.time_zone),
         ttfd.import_time(r.record ->> 'last_active', s.time_zone)
    FROM ttfd.import_rows r
    JOIN ttfd.import_sources s ON s.run_id = r.run_id AND s.source = r.source
    JOIN ttfd.platforms p ON p.name = r.platform
   WHERE r.run_id = p_run_id AND r.reject_reason IS NULL
   ORDER BY r.id;
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_accounts(bigint) IS 'Fills import_accounts with the accepted records of a run.';
