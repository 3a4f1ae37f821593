-- Without external ids: the page is for eyes, and export_user has them.
CREATE OR REPLACE FUNCTION ttfd.list_accounts(p_user_id bigint)
RETURNS TABLE (platform text, username text, display_name text, link_method text, linked_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := find_survivor(p_user_id);
BEGIN
  RETURN QUERY
  SELECT a.platform, a.username, a.display_name, a.link_method, a.linked_at
    FROM platform_accounts a
   WHERE a.user_id = v_user.id
   ORDER BY a.linked_at, a.platform;
END;
$$;

COMMENT ON FUNCTION ttfd.list_accounts(bigint) IS
  'A member''s accounts, the oldest first. Returns platform, username, display_name, link_method (first_contact, verified, code, import_id, import_username, merge), linked_at. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_accounts(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_accounts(bigint) TO ttfd_website, ttfd_admin;
