-- Names are those of the primary platform, else of the account that was linked first and has one.
CREATE OR REPLACE FUNCTION ttfd.projected_accounts(p_user_ids bigint[])
RETURNS TABLE (user_id bigint, telegram_id text, discord_id text, website_email text, platforms text[],
               primary_platform text, username text, display_name text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT u.id,
         max(a.external_id) FILTER (WHERE a.platform = 'telegram'),
         max(a.external_id) FILTER (WHERE a.platform = 'discord'),
         max(a.external_id) FILTER (WHERE a.platform = 'website'),
         coalesce(array_agg(a.platform ORDER BY a.platform) FILTER (WHERE a.platform IS NOT NULL), '{}'),
         (array_agg(a.platform ORDER BY a.platform = u.primary_platform DESC, a.linked_at, a.platform))[1],
         (array_agg(a.username ORDER BY a.username IS NULL, a.platform = u.primary_platform DESC, a.linked_at, a.platform))[1],
         (array_agg(a.display_name ORDER BY a.display_name IS NULL, a.platform = u.primary_platform DESC, a.linked_at, a.platform))[1]
    FROM ttfd.unified_users u
    LEFT JOIN ttfd.platform_accounts a ON a.user_id = u.id
   WHERE u.id = ANY (p_user_ids)
   GROUP BY u.id;
$$;

COMMENT ON FUNCTION ttfd.projected_accounts(bigint[]) IS 'What unified_users has to show of the accounts of the given users.';
