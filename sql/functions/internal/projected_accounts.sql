-- Names are those of the primary platform, else of the account that was linked first and has one. Sorted once for all of them.
CREATE OR REPLACE FUNCTION ttfd.projected_accounts(p_user_ids bigint[])
RETURNS TABLE (user_id bigint, telegram_id text, discord_id text, website_email text, platforms text[],
               primary_platform text, username text, display_name text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT o.user_id,
         max(o.external_id) FILTER (WHERE o.platform = 'telegram'),
         max(o.external_id) FILTER (WHERE o.platform = 'discord'),
         max(o.external_id) FILTER (WHERE o.platform = 'website'),
         coalesce(array_agg(o.platform ORDER BY o.platform) FILTER (WHERE o.platform IS NOT NULL), '{}'),
         (array_agg(o.platform))[1],
         (array_agg(o.username) FILTER (WHERE o.username IS NOT NULL))[1],
         (array_agg(o.display_name) FILTER (WHERE o.display_name IS NOT NULL))[1]
    FROM (SELECT u.id AS user_id, a.platform, a.external_id, a.username, a.display_name
            FROM ttfd.unified_users u
            LEFT JOIN ttfd.platform_accounts a ON a.user_id = u.id
           WHERE u.id = ANY (p_user_ids)
           ORDER BY u.id, a.platform = u.primary_platform DESC, a.linked_at, a.platform) o
   GROUP BY o.user_id;
$$;

COMMENT ON FUNCTION ttfd.projected_accounts(bigint[]) IS 'What unified_users has to show of the accounts of the given users.';
