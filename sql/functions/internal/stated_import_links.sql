CREATE OR REPLACE FUNCTION ttfd.stated_import_links(p_run_id bigint)
RETURNS TABLE (from_platform text, from_external_id text, platform text, external_id text, is_well_formed boolean)
LANGUAGE sql STABLE
AS $$
  SELECT DISTINCT a.platform, a.external_id, l.platform, l.external_id, l.external_id ~ p.id_pattern
    FROM ttfd.import_accounts a
   CROSS JOIN LATERAL (VALUES ('telegram', a.telegram_id), ('discord', a.discord_id), ('website', a.website_email))
           AS l (platform, external_id)
    JOIN ttfd.platforms p ON p.name = l.platform
   WHERE a.run_id = p_run_id
     AND l.external_id IS NOT NULL
     AND (l.platform, l.external_id) <> (a.platform, a.external_id);
$$;

COMMENT ON FUNCTION ttfd.stated_import_links(bigint) IS
  'Which account of another platform each legacy account says is its own, and whether that id has the right form.';
