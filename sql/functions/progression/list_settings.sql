CREATE OR REPLACE FUNCTION ttfd.list_settings()
RETURNS TABLE (name text, value jsonb, kind text, minimum numeric, maximum numeric, description text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT s.name, s.value, s.kind, s.minimum, s.maximum, s.description FROM settings s ORDER BY s.name;
$$;

COMMENT ON FUNCTION ttfd.list_settings() IS
  'The numbers that an administrator may turn. Returns name, value, kind (integer, number, or range: two whole numbers), minimum, maximum, description.';

REVOKE ALL ON FUNCTION ttfd.list_settings() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_settings() TO ttfd_admin;
