CREATE OR REPLACE FUNCTION ttfd.list_member_roles(p_user_id bigint, p_platform text)
RETURNS TABLE (user_id bigint, external_id text, role_ids text[], other_role_ids text[], given_role_ids text[],
               given_at timestamptz[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  PERFORM require_platform(p_platform);
  SELECT coalesce(u.merged_into, u.id) INTO v_user_id FROM unified_users u WHERE u.id = p_user_id;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  RETURN QUERY
  SELECT d.user_id, d.external_id, d.role_ids, d.other_role_ids, d.given_role_ids, d.given_at
    FROM desired_roles(p_platform, ARRAY(SELECT a.external_id
                                           FROM platform_accounts a
                                          WHERE a.user_id = v_user_id AND a.platform = p_platform)) d;
END;
$$;

COMMENT ON FUNCTION ttfd.list_member_roles(bigint, text) IS
  'What list_desired_roles says of one member: a row, or none when the member has no account on the platform. Returns user_id, external_id, role_ids, other_role_ids, given_role_ids, given_at. Raises TU001 when there is no such user, TP001.';

REVOKE ALL ON FUNCTION ttfd.list_member_roles(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_member_roles(bigint, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
