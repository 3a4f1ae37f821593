CREATE OR REPLACE FUNCTION ttfd.raise_unknown_user(p_user_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'no user %', coalesce(p_user_id::text, 'NULL')
    USING ERRCODE = 'TU001', HINT = 'User ids come from get_or_create_user, find_user and the feed.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_unknown_user(bigint) IS 'Refuses a user id. Raises TU001.';
