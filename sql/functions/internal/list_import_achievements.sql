CREATE OR REPLACE FUNCTION ttfd.list_import_achievements(p_run_id bigint)
RETURNS TABLE (user_id bigint, names text[])
LANGUAGE sql STABLE
AS $$
  SELECT i.person, array_agg(DISTINCT e.name ORDER BY e.name)
    FROM ttfd.import_accounts a
    JOIN ttfd.import_identities i ON i.run_id = a.run_id AND i.platform = a.platform AND i.external_id = a.external_id
   CROSS JOIN LATERAL jsonb_array_elements_text(
           CASE jsonb_typeof(a.achievements)
             WHEN 'array' THEN a.achievements
             WHEN 'object' THEN jsonb_path_query_array(a.achievements, '$.keyvalue().key')
             ELSE '[]' END) e (name)
   WHERE a.run_id = p_run_id AND a.achievements IS NOT NULL AND e.name IS NOT NULL
   GROUP BY i.person;
$$;

COMMENT ON FUNCTION ttfd.list_import_achievements(bigint) IS
  'The achievements that the records of a run list, or have as keys of an object, for each member; in order.';
