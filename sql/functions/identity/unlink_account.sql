-- The account goes with nothing: what it earned stays with the user. When it speaks again, it starts as a new user.
CREATE OR REPLACE FUNCTION ttfd.unlink_account(p_user_id bigint, p_platform text)
RETURNS TABLE (status text, user_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_told jsonb;
BEGIN
  PERFORM require_read_committed();
  PERFORM require_unlinker(p_platform);
  user_id := (lock_user(p_user_id)).id;
  PERFORM end_voice(a) FROM platform_accounts a WHERE a.user_id = unlink_account.user_id AND a.platform = p_platform;
  DELETE FROM platform_accounts a WHERE a.user_id = unlink_account.user_id AND a.platform = p_platform;
  IF FOUND THEN
    status := 'unlinked';
    SELECT jsonb_build_object('platform', p_platform, 'platforms', u.platforms) INTO v_told
      FROM unified_users u
     WHERE u.id = user_id;
    PERFORM tell_member(user_id, 'account_unlinked', v_told, 0, 0);
    PERFORM audit('account_unlinked', NULL, v_told || jsonb_build_object('user_id', user_id));
  ELSE
    status := 'not_linked';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.unlink_account(bigint, text) IS
  'Takes the account on a platform away from a user; its link code is void, and time in voice up to now stays with the user. Returns status (unlinked, not_linked), user_id. Raises TL003 when it is the user''s last account, TU001 when there is no such user, TU002 when there is no such platform, TP001 unless the caller may speak for the platform or for the website. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.unlink_account(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.unlink_account(bigint, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
