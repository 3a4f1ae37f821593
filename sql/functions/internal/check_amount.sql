CREATE OR REPLACE FUNCTION ttfd.check_amount(p_amount bigint, p_minimum numeric, p_maximum numeric)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF (p_amount BETWEEN p_minimum AND p_maximum) IS NOT TRUE THEN
    RAISE EXCEPTION 'the amount % is not allowed', coalesce(p_amount::text, 'NULL')
      USING ERRCODE = 'TE003', HINT = format('Allowed now: from %s to %s.', p_minimum, greatest(p_maximum, 0));
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.check_amount(bigint, numeric, numeric) IS
  'Refuses an amount outside of its bounds, and NULL. Raises TE003.';
