-- An account may have a record in several parts of a source (profile, voice): amounts add up, the rest takes the best.
CREATE OR REPLACE FUNCTION ttfd.collect_import_accounts(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.import_accounts
    (run_id, origin, platform, external_id, source, source_key, username, display_name, telegram_id, discord_id,
     website_email, xp, coins, games_played, games_won, total_voice_time, messages_sent, daily_streak, last_daily,
     achievements, created_at, last_active)
  SELECT p_run_id, s.origin, r.platform, ttfd.fold_external_id(p, r.record ->> 'external_id'),
         (array_agg(r.source ORDER BY r.id))[1],
         (array_agg(r.source_key ORDER BY r.id))[1],
         (array_agg(n.username ORDER BY n.username IS NULL, r.id))[1],
         (array_agg(n.display_name ORDER BY n.display_name IS NULL, r.id))[1],
         max(nullif(btrim(r.record ->> 'telegram_id'), '')),
         max(nullif(btrim(r.record ->> 'discord_id'), '')),
         max(nullif(lower(btrim(r.record ->> 'website_email')), '')),
         sum(ttfd.import_amount(r.record -> 'xp')),
         sum(ttfd.import_amount(r.record -> 'coins')),
         sum(ttfd.import_amount(r.record -> 'games_played')),
         sum(ttfd.import_amount(r.record -> 'games_won')),
         sum(ttfd.import_amount(r.record -> 'total_voice_time')),
         sum(ttfd.import_amount(r.record -> 'messages_sent')),
         max(least(ttfd.import_amount(r.record -> 'daily_streak'), 100000)),
         max(ttfd.import_time(r.record ->> 'last_daily', s.time_zone) AT TIME ZONE s.time_zone)::date,
         (SELECT coalesce(array_agg(DISTINCT e.name ORDER BY e.name), '{}')
            FROM jsonb_array_elements(jsonb_agg(to_jsonb(a.achievements)) FILTER (WHERE a.achievements IS NOT NULL)) l (names)
           CROSS JOIN LATERAL jsonb_array_elements_text(l.names) e (name)),
         min(ttfd.import_time(r.record ->> 'created_at', s.time_zone)),
         max(ttfd.import_time(r.record ->> 'last_active', s.time_zone))
    FROM ttfd.import_rows r
    JOIN ttfd.import_sources s ON s.run_id = r.run_id AND s.source = r.source
    JOIN ttfd.platforms p ON p.name = r.platform
   CROSS JOIN LATERAL (
           SELECT nullif(left(btrim(r.record ->> 'username'), 255), ''),
                  nullif(left(btrim(r.record ->> 'display_name'), 255), '')
         ) n (username, display_name)
    LEFT JOIN LATERAL (
           SELECT array_agg(DISTINCT e.name ORDER BY e.name)
             FROM (SELECT jsonb_array_elements_text(r.record -> 'achievements')
                    WHERE jsonb_typeof(r.record -> 'achievements') = 'array'
                    UNION ALL
                   SELECT jsonb_object_keys(r.record -> 'achievements')
                    WHERE jsonb_typeof(r.record -> 'achievements') = 'object') e (name)
            WHERE e.name IS NOT NULL
         ) a (achievements) ON jsonb_typeof(r.record -> 'achievements') IN ('array', 'object')
   WHERE r.run_id = p_run_id AND r.reject_reason IS NULL
   GROUP BY s.origin, r.platform, ttfd.fold_external_id(p, r.record ->> 'external_id');
END;
$$;

COMMENT ON FUNCTION ttfd.collect_import_accounts(bigint) IS 'Fills import_accounts with the accepted records of a run.';
