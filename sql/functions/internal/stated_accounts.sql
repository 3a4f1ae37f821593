CREATE OR REPLACE FUNCTION ttfd.stated_accounts(p_platform text, p_record jsonb)
RETURNS TABLE (platform text, external_id text)
LANGUAGE sql STABLE
AS $$
  SELECT p.name, ttfd.fold_external_id(p, s.external_id)
    FROM (VALUES (p_platform, p_record ->> 'external_id'), ('telegram', p_record ->> 'telegram_id'),
                 ('discord', p_record ->> 'discord_id'), ('website', p_record ->> 'website_email')) s (platform, external_id)
    JOIN ttfd.platforms p ON p.name = s.platform
   WHERE s.external_id IS NOT NULL;
$$;

COMMENT ON FUNCTION ttfd.stated_accounts(text, jsonb) IS
  'The accounts that a legacy record is about: its own, and those of other platforms that it states.';
