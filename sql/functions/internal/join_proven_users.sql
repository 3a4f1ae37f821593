-- A user with a history survives one without; of two with a history, the older one does.
CREATE OR REPLACE FUNCTION ttfd.join_proven_users(p_own_id bigint, p_other_id bigint, p_reason text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_is_blank boolean;
BEGIN
  SELECT u.id INTO user_id
    FROM ttfd.unified_users u
   WHERE u.id IN (p_own_id, p_other_id)
   ORDER BY ttfd.is_blank(u), u.created_at, u.id
   LIMIT 1;
  v_is_blank := EXISTS (SELECT 1 FROM ttfd.unified_users u WHERE u.id IN (p_own_id, p_other_id) AND ttfd.is_blank(u));
  merge_id := ttfd.join_users(user_id, CASE WHEN user_id = p_own_id THEN p_other_id ELSE p_own_id END, p_reason);
  status := CASE WHEN v_is_blank THEN 'linked' ELSE 'merged' END;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.join_proven_users(bigint, bigint, text) IS
  'Makes one of two users who are locked and were both proven to be the same person. Returns status (linked when one had nothing yet, merged), user_id, merge_id. Raises TL002.';
