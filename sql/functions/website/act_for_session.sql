-- The administrators' part of the website works with a login of its own. Each of its transactions begins with this, so that
-- the database itself sees the session, and the audit log says for whom the login acts.
CREATE OR REPLACE FUNCTION ttfd.act_for_session(p_token_hash bytea)
RETURNS TABLE (user_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  SELECT s.user_id INTO user_id FROM find_session(p_token_hash) s WHERE s.is_admin;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no administrator has such a session'
      USING ERRCODE = 'TP001', HINT = 'set_website_admin names the administrators of the website.';
  END IF;
  PERFORM set_config('ttfd.on_behalf_of', user_id::text, true);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.act_for_session(bytea) IS
  'Until the end of the transaction, lines of the audit log name the member of this session (on_behalf_of). Returns user_id. Raises TP001 unless the session is live and its member is an administrator of the website.';

REVOKE ALL ON FUNCTION ttfd.act_for_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.act_for_session(bytea) TO ttfd_admin;
