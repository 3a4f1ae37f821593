CREATE OR REPLACE FUNCTION ttfd.start_import(p_source text)
RETURNS TABLE (run_id bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  INSERT INTO import_runs (label) VALUES (left(p_source, 1000)) RETURNING id;
$$;

COMMENT ON FUNCTION ttfd.start_import(text) IS
  'Opens an import run; p_source names its sources for people. Then write import_sources, COPY the legacy records into import_rows, and call unify_import. Returns run_id.';

REVOKE ALL ON FUNCTION ttfd.start_import(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.start_import(text) TO ttfd_admin;
