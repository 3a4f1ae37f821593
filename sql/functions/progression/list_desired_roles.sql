-- The whole truth rather than changes: a bot that was away compares and is right again.
CREATE OR REPLACE FUNCTION ttfd.list_desired_roles(p_platform text, p_after text DEFAULT NULL, p_limit integer DEFAULT 100)
RETURNS TABLE (user_id bigint, external_id text, role_ids text[], other_role_ids text[], given_role_ids text[],
               given_at timestamptz[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_limit integer := least(greatest(p_limit, 0), 1000);
BEGIN
  PERFORM require_platform(p_platform);
  RETURN QUERY
  SELECT d.user_id, d.external_id, d.role_ids, d.other_role_ids, d.given_role_ids, d.given_at
    FROM desired_roles(p_platform, ARRAY(
           (SELECT a.external_id
              FROM platform_accounts a
             WHERE a.platform = p_platform AND (p_after IS NULL OR a.external_id > p_after)
             ORDER BY a.external_id
             LIMIT v_limit)
            UNION
           (SELECT DISTINCT g.external_id
              FROM given_roles g
             WHERE g.platform = p_platform AND (p_after IS NULL OR g.external_id > p_after)
             ORDER BY g.external_id
             LIMIT v_limit)
            ORDER BY 1
            LIMIT v_limit)) d
   ORDER BY d.external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.list_desired_roles(text, text, integer) IS
  'For the bot of a platform, to compare with the roles that its members have: what ranks, achievements and purchases give. Returns user_id (NULL for an account that was unlinked and still has what it was given), external_id, role_ids (to have), other_role_ids (given by ttfd too, but not to this member: take them away), given_role_ids and given_at (of both, what report_role_given has named: one of role_ids that the member, who has not left since, lacks was taken by hand); roles that were removed by hand are in none. Give the external_id of the last row as p_after for the next page (at most 1,000 rows). Raises TP001.';

REVOKE ALL ON FUNCTION ttfd.list_desired_roles(text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_desired_roles(text, text, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;
