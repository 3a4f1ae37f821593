CREATE OR REPLACE FUNCTION ttfd.set_website_admin(p_user_id bigint, p_is_admin boolean)
RETURNS TABLE (user_id bigint, is_admin boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_is_changed boolean;
BEGIN
  user_id := (lock_user(p_user_id)).id;
  IF p_is_admin THEN
    INSERT INTO website_admins AS a (user_id, granted_at) VALUES (set_website_admin.user_id, ttfd.current_time()) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM website_admins a WHERE a.user_id = ANY (list_person(set_website_admin.user_id));
  END IF;
  v_is_changed := FOUND;
  is_admin := is_website_admin(user_id);
  IF v_is_changed THEN
    PERFORM audit('website_admin_changed', NULL, jsonb_build_object('user_id', user_id, 'is_admin', is_admin));
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.set_website_admin(bigint, boolean) IS
  'Lets a member use the administrators'' part of the website, or no longer. Returns user_id, is_admin. Raises TU001 when there is no such user. Audited.';

REVOKE ALL ON FUNCTION ttfd.set_website_admin(bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_website_admin(bigint, boolean) TO ttfd_admin;
