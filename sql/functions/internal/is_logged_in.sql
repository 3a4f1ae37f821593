CREATE OR REPLACE FUNCTION ttfd.is_logged_in(p_user_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN ttfd.may_speak('ttfd_website')
     AND EXISTS (SELECT 1 FROM ttfd.website_sessions s WHERE s.user_id = p_user_id AND s.expires_at > ttfd.current_time());
END;
$$;

COMMENT ON FUNCTION ttfd.is_logged_in(bigint) IS 'Whether the caller is the website and the member is logged in there.';
