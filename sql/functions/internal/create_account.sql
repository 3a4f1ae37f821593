-- Two first contacts at once must make one user: the lock is on the account's name, because there is no row to lock yet.
CREATE OR REPLACE FUNCTION ttfd.create_account(
  p_platform text, p_external_id text, p_username text, p_display_name text)
RETURNS TABLE (user_id bigint, created boolean)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
BEGIN
  PERFORM ttfd.lock_account(p_platform, p_external_id);
  SELECT a.user_id, false INTO user_id, created
    FROM ttfd.platform_accounts a
   WHERE a.platform = p_platform AND a.external_id = p_external_id;
  IF NOT FOUND THEN
    created := true;
    INSERT INTO ttfd.unified_users (username, display_name, primary_platform, platforms, created_at, last_active, xp_since,
                                    telegram_id, discord_id, website_email)
    VALUES (p_username, p_display_name, p_platform, ARRAY[p_platform], ttfd.current_time(), ttfd.current_time(),
            ttfd.current_time(),
            CASE p_platform WHEN 'telegram' THEN p_external_id END,
            CASE p_platform WHEN 'discord' THEN p_external_id END,
            CASE p_platform WHEN 'website' THEN p_external_id END)
    RETURNING id INTO user_id;
    INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, username, display_name, link_method, linked_at)
    VALUES (p_platform, p_external_id, user_id, p_username, p_display_name, 'first_contact', ttfd.current_time());
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.create_account(text, text, text, text) IS
  'A new user with one account, or the user that somebody else created meanwhile. Expects a checked external id.';
