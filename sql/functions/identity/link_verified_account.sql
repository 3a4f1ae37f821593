-- The way in for a login that the provider vouches for (OAuth): the account joins the member who is logged in. It only
-- ever adds an account that nobody has; two members who turn out to be one person are merged, never overwritten.
CREATE OR REPLACE FUNCTION ttfd.link_verified_account(
  p_user_id bigint, p_platform text, p_external_id text, p_username text DEFAULT NULL)
RETURNS TABLE (status text, user_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := normalise_external_id(p_platform, p_external_id);
  v_owner_id bigint;
BEGIN
  PERFORM require_read_committed();
  PERFORM lock_account(p_platform, v_external_id);
  user_id := (lock_user(p_user_id)).id;
  v_owner_id := find_owner(p_platform, v_external_id);
  IF v_owner_id = user_id THEN
    status := 'already_linked';
  ELSIF v_owner_id IS NOT NULL THEN
    RAISE EXCEPTION 'this % account belongs to another user', p_platform
      USING ERRCODE = 'TL001', HINT = 'Whoever owns both can merge them.';
  ELSE
    PERFORM attach_account(user_id, p_platform, v_external_id, p_username, 'verified');
    status := 'linked';
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) IS
  'Adds an account that its provider has verified to a user. Returns status (linked, already_linked), user_id. Raises TU001 when there is no such user, TU002 when the external id has the wrong form, TL001 when the account belongs to another user, TL002 when the user has another account on that platform. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) TO ttfd_website, ttfd_admin;
