-- Whoever holds a code that was made on another account owns both.
-- A refusal is a status and not an error, because an error would undo the count of failures.
CREATE OR REPLACE FUNCTION ttfd.redeem_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_code record;
  v_own_id bigint;
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
    SELECT j.status, j.user_id, j.merge_id INTO status, user_id, merge_id FROM ttfd.join_proven_users(v_own_id, v_code.user_id, 'link code') j;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_code(text, text, text) IS
  'Links an account, whose id is checked, with the one that a code was made on: see redeem_link_code.';
