CREATE OR REPLACE FUNCTION ttfd.create_member_link_code(p_user_id bigint)
RETURNS TABLE (code text, expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := lock_user(p_user_id);
  v_account platform_accounts := find_own_account(v_user.id);
BEGIN
  RETURN QUERY SELECT i.code, i.expires_at FROM issue_link_code(v_account.platform, v_account.external_id) i;
END;
$$;

COMMENT ON FUNCTION ttfd.create_member_link_code(bigint) IS
  'create_link_code for a member who is logged in to the website. Returns code, expires_at. Raises TU001, TP001 when the member is not logged in, TL004 after 10 codes within an hour.';

REVOKE ALL ON FUNCTION ttfd.create_member_link_code(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.create_member_link_code(bigint) TO ttfd_website, ttfd_admin;
