CREATE OR REPLACE FUNCTION ttfd.attach_account(
  p_user_id bigint, p_platform text, p_external_id text, p_username text, p_link_method text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_told jsonb;
BEGIN
  IF EXISTS (SELECT 1 FROM ttfd.platform_accounts a WHERE a.user_id = p_user_id AND a.platform = p_platform) THEN
    PERFORM ttfd.raise_collision(p_platform);
  END IF;
  INSERT INTO ttfd.platform_accounts (platform, external_id, user_id, username, link_method, linked_at)
  VALUES (p_platform, p_external_id, p_user_id, nullif(left(btrim(p_username), 255), ''), p_link_method,
          ttfd.current_time());
  SELECT jsonb_build_object('platform', p_platform, 'method', p_link_method, 'platforms', u.platforms) INTO v_told
    FROM ttfd.unified_users u
   WHERE u.id = p_user_id;
  PERFORM ttfd.tell_member(p_user_id, 'account_linked', v_told, 0, 0);
  PERFORM ttfd.audit('account_linked', NULL, v_told || jsonb_build_object('user_id', p_user_id));
END;
$$;

COMMENT ON FUNCTION ttfd.attach_account(bigint, text, text, text, text) IS
  'Gives a user who is locked an account that nobody has. Raises TL002.';
