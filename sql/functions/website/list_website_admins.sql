CREATE OR REPLACE FUNCTION ttfd.list_website_admins()
RETURNS TABLE (user_id bigint, display_name text, granted_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT u.id, coalesce(u.display_name, u.username), a.granted_at
    FROM website_admins a
    JOIN unified_users asked ON asked.id = a.user_id
    JOIN unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
   WHERE u.forgotten_at IS NULL
   ORDER BY a.granted_at, u.id;
$$;

COMMENT ON FUNCTION ttfd.list_website_admins() IS
  'Who may use the administrators'' part of the website. Returns user_id, display_name, granted_at.';

REVOKE ALL ON FUNCTION ttfd.list_website_admins() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_website_admins() TO ttfd_admin;
