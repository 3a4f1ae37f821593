CREATE OR REPLACE FUNCTION ttfd.drop_secrets(p_rows jsonb)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
  SELECT coalesce(jsonb_agg(r.entry - ARRAY(SELECT k.name FROM jsonb_object_keys(r.entry) k (name)
                                             WHERE k.name ~ '(^|_)(hash|digest|secret|key)$')
                            ORDER BY r.place), '[]')
    FROM jsonb_array_elements(p_rows) WITH ORDINALITY r (entry, place);
$$;

COMMENT ON FUNCTION ttfd.drop_secrets(jsonb) IS 'Rows as a JSON array without columns that are named like a secret.';
