-- Whoever holds a code that was made on another account owns both.
-- A refusal is a status and not an error, because an error would undo the count of failures.
CREATE OR REPLACE FUNCTION ttfd.redeem_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_code record;
  v_own_id bigint;
  v_is_blank boolean;
BEGIN
  PERFORM ttfd.require_read_committed();
  SELECT * INTO v_code FROM ttfd.use_link_code(p_code, p_platform, p_external_id);
  IF v_code.refusal IS NOT NULL THEN
    status := v_code.refusal;
    RETURN NEXT;
    RETURN;
  END IF;
  v_own_id := ttfd.find_owner(p_platform, p_external_id);
  IF v_own_id IS NULL THEN
    PERFORM ttfd.attach_account(v_code.user_id, p_platform, p_external_id, NULL, 'code');
    status := 'linked';
    user_id := v_code.user_id;
  ELSIF v_own_id = v_code.user_id THEN
    status := 'already_linked';
    user_id := v_own_id;
  ELSE
    -- A user with a history survives one without; of two with a history, the older one does.
    SELECT u.id INTO user_id
      FROM ttfd.unified_users u
     WHERE u.id IN (v_own_id, v_code.user_id)
     ORDER BY ttfd.is_blank(u), u.created_at, u.id
     LIMIT 1;
    v_is_blank := EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id IN (v_own_id, v_code.user_id) AND ttfd.is_blank(u));
    merge_id := ttfd.join_users(user_id, CASE WHEN user_id = v_own_id THEN v_code.user_id ELSE v_own_id END, 'link code');
    status := CASE WHEN v_is_blank THEN 'linked' ELSE 'merged' END;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_code(text, text, text) IS
  'Links an account, whose id is checked, with the one that a code was made on: see redeem_link_code.';
