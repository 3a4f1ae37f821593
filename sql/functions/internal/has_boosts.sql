CREATE OR REPLACE FUNCTION ttfd.has_boosts()
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT EXISTS (SELECT 1 FROM ttfd.boosts);
$$;

COMMENT ON FUNCTION ttfd.has_boosts() IS 'Whether any boost is known at all, so that the others need not look.';
