-- unified_users shows the accounts of its members, so that one row tells all. Per statement: an import links thousands.
CREATE OR REPLACE FUNCTION ttfd.platform_accounts__project()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_ids bigint[];
BEGIN
  IF current_setting('ttfd.update_kind', true) = 'create' AND pg_has_role(session_user, 'ttfd_admin', 'MEMBER') THEN
    RETURN NULL;  -- An import has written the members with what they have to show. Anybody can set this, so not anybody is believed.
  ELSIF TG_OP = 'INSERT' THEN
    -- Whoever made a member for the account has written its columns already.
    v_user_ids := ARRAY(
      SELECT DISTINCT a.user_id
        FROM added a
        JOIN unified_users u ON u.id = a.user_id
       WHERE (u.platforms, u.primary_platform, u.username, u.display_name,
              CASE a.platform WHEN 'telegram' THEN u.telegram_id WHEN 'discord' THEN u.discord_id
                              WHEN 'website' THEN u.website_email ELSE a.external_id END)
             IS DISTINCT FROM
             (ARRAY[a.platform], a.platform, a.username, a.display_name, a.external_id));
  ELSIF TG_OP = 'DELETE' THEN
    v_user_ids := ARRAY(SELECT DISTINCT user_id FROM removed);
  ELSE
    v_user_ids := ARRAY(SELECT user_id FROM removed UNION SELECT user_id FROM added);
  END IF;
  PERFORM 1 FROM unified_users u WHERE u.id = ANY (v_user_ids) ORDER BY u.id FOR NO KEY UPDATE;
  PERFORM project_accounts(v_user_ids);
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platform_accounts__project() IS 'Keeps the columns of unified_users that show the accounts.';

CREATE OR REPLACE TRIGGER project_insert AFTER INSERT ON ttfd.platform_accounts
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__project();

CREATE OR REPLACE TRIGGER project_update AFTER UPDATE ON ttfd.platform_accounts
  REFERENCING OLD TABLE AS removed NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__project();

CREATE OR REPLACE TRIGGER project_delete AFTER DELETE ON ttfd.platform_accounts
  REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__project();
