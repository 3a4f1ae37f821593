CREATE OR REPLACE FUNCTION ttfd.multiply_award(p_amount bigint, p_factor numeric)
RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_factor IS NULL OR p_amount <= 0 THEN p_amount ELSE pg_catalog.floor(p_amount * p_factor)::bigint END;
$$;

COMMENT ON FUNCTION ttfd.multiply_award(bigint, numeric) IS 'An amount with its boost, rounded down; what takes away is never multiplied.';
