-- Whoever became one with an administrator is one, until that merge is undone.
CREATE OR REPLACE FUNCTION ttfd.is_website_admin(p_user_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN EXISTS (SELECT 1
                   FROM ttfd.website_admins a
                   JOIN ttfd.unified_users u ON u.id = a.user_id
                  WHERE coalesce(u.merged_into, u.id) = p_user_id);
END;
$$;

COMMENT ON FUNCTION ttfd.is_website_admin(bigint) IS 'Whether a member may use the administrators'' part of the website.';
