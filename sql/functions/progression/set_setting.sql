CREATE OR REPLACE FUNCTION ttfd.set_setting(p_name text, p_value jsonb)
RETURNS TABLE (name text, value jsonb, kind text, minimum numeric, maximum numeric, description text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_before jsonb;
BEGIN
  SELECT s.value INTO v_before FROM settings s WHERE s.name = p_name FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no setting "%"', p_name USING ERRCODE = 'no_data_found', HINT = 'list_settings lists them.';
  END IF;
  RETURN QUERY
  UPDATE settings s SET value = p_value WHERE s.name = p_name
  RETURNING s.name, s.value, s.kind, s.minimum, s.maximum, s.description;
  PERFORM audit('setting_changed', jsonb_build_object(p_name, v_before), jsonb_build_object(p_name, p_value));
END;
$$;

COMMENT ON FUNCTION ttfd.set_setting(text, jsonb) IS
  'Changes a setting, from now on. Returns the row as list_settings does. Raises 23514 (settings_value_allowed) for a value outside of its bounds or of another kind, 23502 for NULL, P0002 for an unknown setting. Audited.';

REVOKE ALL ON FUNCTION ttfd.set_setting(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_setting(text, jsonb) TO ttfd_admin;
