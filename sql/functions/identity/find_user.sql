-- Bots ask this on every command, so it is one index probe. Accounts move when users merge: the survivor is found.
CREATE OR REPLACE FUNCTION ttfd.find_user(p_platform text, p_external_id text)
RETURNS TABLE (user_id bigint, username text, display_name text, xp bigint, coins bigint, rank_id smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT u.id, u.username, u.display_name, u.xp, u.coins, u.rank_id
    FROM platforms p
    JOIN platform_accounts a ON a.platform = p.name
     AND a.external_id = CASE WHEN p.folds_case THEN lower(p_external_id) ELSE p_external_id END
    JOIN unified_users u ON u.id = a.user_id
   WHERE p.name = p_platform;
$$;

COMMENT ON FUNCTION ttfd.find_user(text, text) IS
  'The user behind a platform account. Returns user_id, username, display_name, xp, coins, rank_id; no row when the account is unknown.';

REVOKE ALL ON FUNCTION ttfd.find_user(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.find_user(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
