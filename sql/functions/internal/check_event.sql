CREATE OR REPLACE FUNCTION ttfd.check_event(p_event_id uuid, p_event_type text, p_data jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_error text;
BEGIN
  SELECT CASE WHEN p_event_id IS NULL THEN '22004'
              WHEN NOT t.is_enabled THEN 'TE001'
              WHEN t.is_admin_only AND NOT ttfd.is_admin() THEN 'TE003'
              ELSE g.error
         END
    INTO v_error
    FROM ttfd.event_types t
   CROSS JOIN LATERAL ttfd.assess_event(t, p_data) g
   WHERE t.name = p_event_type;
  IF NOT FOUND THEN
    v_error := 'TE001';
  END IF;
  IF v_error IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ttfd.cross_platform_events e WHERE e.id = p_event_id)
       AND NOT EXISTS (SELECT 1 FROM ttfd.failed_events f WHERE f.id = p_event_id) THEN
    PERFORM ttfd.raise_event_error(v_error, p_event_id, p_event_type);
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.check_event(uuid, text, jsonb) IS
  'Refuses an event that its type does not allow. Raises TE001, TE003, 22003, 22004, 22023.';
