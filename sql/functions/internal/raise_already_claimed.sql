CREATE OR REPLACE FUNCTION ttfd.raise_already_claimed(p_what text, p_next_at timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION '% was claimed already', p_what
    USING ERRCODE = 'TC002',
          HINT = format('Possible again from %s.', to_char(p_next_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
END;
$$;

COMMENT ON FUNCTION ttfd.raise_already_claimed(text, timestamptz) IS 'Refuses a claim. Raises TC002.';
