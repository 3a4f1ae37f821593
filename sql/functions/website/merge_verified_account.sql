-- Somebody who is logged in as one member has just logged in as another, too: both sides are proven.
CREATE OR REPLACE FUNCTION ttfd.merge_verified_account(p_user_id bigint, p_platform text, p_external_id text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := normalise_external_id(p_platform, p_external_id);
  v_own_id bigint;
  v_other_id bigint;
BEGIN
  PERFORM require_read_committed();
  PERFORM lock_account(p_platform, v_external_id);
  LOOP
    v_own_id := (find_own_account((find_survivor(p_user_id)).id)).user_id;
    v_other_id := find_owner(p_platform, v_external_id);
    IF v_other_id IS NULL THEN
      PERFORM raise_unknown_user(NULL);
    END IF;
    EXIT WHEN lock_live_users(ARRAY[v_own_id, v_other_id]);
  END LOOP;
  IF v_own_id = v_other_id THEN
    status := 'already_linked';
    user_id := v_own_id;
    RETURN NEXT;
  ELSE
    RETURN QUERY SELECT j.status, j.user_id, j.merge_id FROM join_proven_users(v_own_id, v_other_id, 'two logins') j;
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.merge_verified_account(bigint, text, text) IS
  'Makes one of the member who is logged in to the website and the member of another account that its provider has verified in this very session; both are logged out everywhere. Returns status (linked when one had nothing yet, merged, already_linked), user_id (the survivor: who has a history, then who is older), merge_id for undo_member_merge. Raises TL002 when both have an account on one platform, TU001, TU002, TP001 when the member is not logged in. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.merge_verified_account(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.merge_verified_account(bigint, text, text) TO ttfd_website, ttfd_admin;
