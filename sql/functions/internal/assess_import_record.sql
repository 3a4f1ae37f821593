CREATE OR REPLACE FUNCTION ttfd.assess_import_record(p_record jsonb, p_platform ttfd.platforms)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN pg_catalog.jsonb_typeof(p_record) IS DISTINCT FROM 'object' THEN 'the record is not an object'
           WHEN p_platform.name IS NULL THEN 'the platform is unknown'
           WHEN coalesce(pg_catalog.btrim(p_record ->> 'external_id'), '') = '' THEN 'the id is missing'
           WHEN ttfd.fold_external_id(p_platform, p_record ->> 'external_id') !~ p_platform.id_pattern
           THEN 'the id has the wrong form: ' || pg_catalog.left(p_record ->> 'external_id', 60)
           WHEN p_record ? 'achievements'
             AND pg_catalog.jsonb_typeof(p_record -> 'achievements') NOT IN ('array', 'object', 'null')
           THEN 'achievements is no list: ' || pg_catalog.left((p_record -> 'achievements')::text, 40)
           ELSE coalesce(
             ttfd.assess_import_amount('xp', p_record -> 'xp'),
             ttfd.assess_import_amount('coins', p_record -> 'coins'),
             ttfd.assess_import_amount('games_played', p_record -> 'games_played'),
             ttfd.assess_import_amount('games_won', p_record -> 'games_won'),
             ttfd.assess_import_amount('total_voice_time', p_record -> 'total_voice_time'),
             ttfd.assess_import_amount('messages_sent', p_record -> 'messages_sent'),
             ttfd.assess_import_amount('daily_streak', p_record -> 'daily_streak'),
             ttfd.assess_import_time('last_daily', p_record -> 'last_daily'),
             ttfd.assess_import_time('created_at', p_record -> 'created_at'),
             ttfd.assess_import_time('last_active', p_record -> 'last_active'))
         END;
$$;

COMMENT ON FUNCTION ttfd.assess_import_record(jsonb, ttfd.platforms) IS
  'Why a legacy record cannot be imported, in words, or NULL when it can.';
