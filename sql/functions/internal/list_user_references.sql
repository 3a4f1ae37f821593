-- Asked of the catalog, so that a table that is added later cannot be left out.
CREATE OR REPLACE FUNCTION ttfd.list_user_references()
RETURNS TABLE (table_name name, column_name name)
LANGUAGE sql STABLE
AS $$
  SELECT c.relname, a.attname
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.relnamespace = 'ttfd'::regnamespace
     AND c.relkind IN ('r', 'p')
     AND NOT c.relispartition
     AND (a.attname ~ '(^|_)user_id$'
          OR c.relname = 'unified_users' AND a.attname = 'id'
          OR EXISTS (SELECT 1
                       FROM pg_catalog.pg_constraint k
                      WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid = 'ttfd.unified_users'::regclass
                        AND k.conkey = ARRAY[a.attnum]));
$$;

COMMENT ON FUNCTION ttfd.list_user_references() IS
  'Every column of the schema that names a member: called user_id or ending so, or a foreign key to unified_users.';
