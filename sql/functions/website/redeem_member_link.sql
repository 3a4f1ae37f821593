CREATE OR REPLACE FUNCTION ttfd.redeem_member_link(p_code text, p_user_id bigint)
RETURNS TABLE (status text, user_id bigint, merge_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_account platform_accounts := find_own_account((find_survivor(p_user_id)).id);
BEGIN
  RETURN QUERY
  SELECT r.status, r.user_id, r.merge_id FROM redeem_code(p_code, v_account.platform, v_account.external_id) r;
END;
$$;

COMMENT ON FUNCTION ttfd.redeem_member_link(text, bigint) IS
  'redeem_link_code for a member who is logged in to the website. Two users who become one are logged out everywhere. Returns what redeem_link_code returns. Raises TL002, TU001, TP001 when the member is not logged in. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.redeem_member_link(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.redeem_member_link(text, bigint) TO ttfd_website, ttfd_admin;
