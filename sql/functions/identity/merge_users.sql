-- For an administrator, or a website that has seen proof of both logins. Members prove theirs with a link code.
CREATE OR REPLACE FUNCTION ttfd.merge_users(p_into_id bigint, p_from_id bigint, p_reason text DEFAULT NULL)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_from_id bigint;
BEGIN
  PERFORM require_read_committed();
  LOOP
    user_id := (find_survivor(p_into_id)).id;
    v_from_id := (find_survivor(p_from_id)).id;
    EXIT WHEN lock_live_users(ARRAY[user_id, v_from_id]);
  END LOOP;
  IF v_from_id = user_id THEN
    status := 'already_linked';
  ELSE
    merge_id := join_users(user_id, v_from_id, p_reason);
    status := 'merged';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.merge_users(bigint, bigint, text) IS
  'Makes one user of two: balances, counters, accounts, boosts and award windows of the second go to the first, which takes the better streak and rank; no rank is paid for. Users who were merged before stand for their survivors. Returns status (merged; already_linked when they are one user already), user_id (the survivor), merge_id for undo_merge. Raises TU001 when there is no such user, TL002 when both have an account on one platform. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.merge_users(bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.merge_users(bigint, bigint, text) TO ttfd_admin;
