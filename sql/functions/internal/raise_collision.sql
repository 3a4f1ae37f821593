CREATE OR REPLACE FUNCTION ttfd.raise_collision(p_platform text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'both users have a % account', p_platform
    USING ERRCODE = 'TL002',
          HINT = 'A user has one account on each platform. Unlink one of the two and try again; a link code was not used up.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_collision(text) IS 'Refuses to join users who both have an account on the platform. Raises TL002.';
