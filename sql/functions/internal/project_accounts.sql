-- The one place that computes what unified_users shows of a member's accounts. Touches rows that differ only.
CREATE OR REPLACE FUNCTION ttfd.project_accounts(p_user_ids bigint[])
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  UPDATE ttfd.unified_users u
     SET telegram_id = p.telegram_id, discord_id = p.discord_id, website_email = p.website_email,
         platforms = p.platforms, primary_platform = p.primary_platform,
         username = p.username, display_name = p.display_name
    FROM ttfd.projected_accounts(p_user_ids) p
   WHERE u.id = p.user_id
     AND (u.telegram_id, u.discord_id, u.website_email, u.platforms, u.primary_platform, u.username, u.display_name)
         IS DISTINCT FROM
         (p.telegram_id, p.discord_id, p.website_email, p.platforms, p.primary_platform, p.username, p.display_name);
$$;

COMMENT ON FUNCTION ttfd.project_accounts(bigint[]) IS
  'Writes the accounts of the given users into their telegram_id, discord_id, website_email, platforms and names.';
