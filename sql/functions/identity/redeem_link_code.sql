CREATE OR REPLACE FUNCTION ttfd.redeem_link_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT r.status, r.user_id, r.merge_id
    FROM redeem_code(p_code, p_platform, resolve_platform(p_platform, p_external_id)) r;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_link_code(text, text, text) IS
  'Links the account that sends a code with the one it was made on. Returns status, user_id, merge_id: linked (the account was new to ttfd, or one of the two users had nothing yet), merged (both had a history; the older user survives), already_linked, invalid (the code is wrong, used, expired or one''s own: no more is said), locked (five failures of the account in 15 minutes, or a thousand guesses on the platform in one). user_id is who both are now; merge_id is set where two users became one, for undo_merge. Capitals and small letters, hyphens, spaces, O for 0, I and L for 1 are all the same. Raises TL002, and leaves the code valid, when both users have an account on one platform; TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.redeem_link_code(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.redeem_link_code(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
