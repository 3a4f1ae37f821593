CREATE OR REPLACE FUNCTION ttfd.restore_value(p_before jsonb, p_after jsonb, p_name text, p_now text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_after IS NOT NULL AND p_after ->> p_name IS NOT DISTINCT FROM p_now THEN p_before ->> p_name ELSE p_now END;
$$;

COMMENT ON FUNCTION ttfd.restore_value(jsonb, jsonb, text, text) IS 'The value before a change, unless it has changed again since.';
