-- The way in for a login that the provider vouches for (OAuth): the account joins the member who is logged in. It only
-- ever adds an account that nobody has; two members who turn out to be one person are merged, never overwritten.
CREATE OR REPLACE FUNCTION ttfd.link_verified_account(
  p_user_id bigint, p_platform text, p_external_id text, p_username text DEFAULT NULL)
RETURNS TABLE (status text, user_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_external_id text := normalise_external_id(p_platform, p_external_id);
  v_owner_id bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ttfd account ' || p_platform || ' ' || v_external_id, 0));
  SELECT coalesce(u.merged_into, u.id) INTO user_id FROM unified_users u WHERE u.id = p_user_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  SELECT a.user_id INTO v_owner_id
    FROM platform_accounts a
   WHERE a.platform = p_platform AND a.external_id = v_external_id;
  IF v_owner_id = user_id THEN
    status := 'already_linked';
    RETURN NEXT;
    RETURN;
  ELSIF v_owner_id IS NOT NULL THEN
    RAISE EXCEPTION 'this % account belongs to another user', p_platform
      USING ERRCODE = 'TL001', HINT = 'Whoever owns both can merge them.';
  ELSIF EXISTS (SELECT 1 FROM platform_accounts a WHERE a.user_id = link_verified_account.user_id AND a.platform = p_platform) THEN
    RAISE EXCEPTION 'user % has another % account already', user_id, p_platform
      USING ERRCODE = 'TL002', HINT = 'Unlink that one first.';
  END IF;
  INSERT INTO platform_accounts (platform, external_id, user_id, username, link_method, linked_at)
  VALUES (p_platform, v_external_id, user_id, nullif(left(btrim(p_username), 255), ''), 'verified', ttfd.current_time());
  status := 'linked';
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) IS
  'Adds an account that its provider has verified to a user. Returns status (linked, already_linked), user_id. Raises TU001 when there is no such user, TU002 when the external id has the wrong form, TL001 when the account belongs to another user, TL002 when the user has another account on that platform.';

REVOKE ALL ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.link_verified_account(bigint, text, text, text) TO ttfd_website, ttfd_admin;
