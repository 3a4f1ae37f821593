-- Names rarely change, so we look before we lock. The user comes before its account, as in a merge. An account that has
-- changed hands meanwhile gets its name the next time.
CREATE OR REPLACE FUNCTION ttfd.rename_account(
  p_platform text, p_external_id text, p_username text, p_display_name text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT a.user_id INTO v_user_id
    FROM ttfd.platform_accounts a
   WHERE a.platform = p_platform AND a.external_id = p_external_id
     AND (a.username, a.display_name)
         IS DISTINCT FROM (coalesce(p_username, a.username), coalesce(p_display_name, a.display_name));
  IF FOUND THEN
    v_user_id := (ttfd.lock_user(v_user_id)).id;
    UPDATE ttfd.platform_accounts a
       SET username = coalesce(p_username, a.username), display_name = coalesce(p_display_name, a.display_name)
     WHERE a.platform = p_platform AND a.external_id = p_external_id AND a.user_id = v_user_id;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.rename_account(text, text, text, text) IS
  'Gives a platform account the names that are not NULL. Expects a checked external id.';
