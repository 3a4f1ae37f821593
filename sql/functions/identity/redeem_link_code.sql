-- Whoever holds a code that was made on another account owns both.
-- A refusal is a status and not an error, because an error would undo the count of failures.
CREATE OR REPLACE FUNCTION ttfd.redeem_link_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
  v_code record;
  v_own_id bigint;
  v_is_blank boolean;
BEGIN
  PERFORM require_read_committed();
  SELECT * INTO v_code FROM use_link_code(p_code, p_platform, v_external_id);
  IF v_code.refusal IS NOT NULL THEN
    status := v_code.refusal;
    RETURN NEXT;
    RETURN;
  END IF;
  v_own_id := find_owner(p_platform, v_external_id);
  IF v_own_id IS NULL THEN
    PERFORM attach_account(v_code.user_id, p_platform, v_external_id, NULL, 'code');
    status := 'linked';
    user_id := v_code.user_id;
  ELSIF v_own_id = v_code.user_id THEN
    status := 'already_linked';
    user_id := v_own_id;
  ELSE
    -- A user with a history survives one without; of two with a history, the older one does.
    SELECT u.id INTO user_id
      FROM unified_users u
     WHERE u.id IN (v_own_id, v_code.user_id)
     ORDER BY is_blank(u), u.created_at, u.id
     LIMIT 1;
    v_is_blank := EXISTS (SELECT 1 FROM unified_users u WHERE u.id IN (v_own_id, v_code.user_id) AND is_blank(u));
    merge_id := join_users(user_id, CASE WHEN user_id = v_own_id THEN v_code.user_id ELSE v_own_id END, 'link code');
    status := CASE WHEN v_is_blank THEN 'linked' ELSE 'merged' END;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_link_code(text, text, text) IS
  'Links the account that sends a code with the one it was made on. Returns status, user_id, merge_id: linked (the account was new to ttfd, or one of the two users had nothing yet), merged (both had a history; the older user survives), already_linked, invalid (the code is wrong, used, expired or one''s own: no more is said), locked (five failures of the account in 15 minutes, or a thousand guesses on the platform in one). user_id is who both are now; merge_id is set where two users became one, for undo_merge. Capitals and small letters, hyphens, spaces, O for 0, I and L for 1 are all the same. Raises TL002, and leaves the code valid, when both users have an account on one platform; TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.redeem_link_code(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.redeem_link_code(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
