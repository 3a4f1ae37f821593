-- A changed rule holds from now on; what happened before is judged by the rule that held then, whenever it arrives.
-- Columns are matched by name, so that one that is added to both tables later is kept as well.
CREATE OR REPLACE FUNCTION ttfd.event_types__keep_versions()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
BEGIN
  IF TG_OP <> 'INSERT' THEN
    -- A version of this very moment never held for anything.
    DELETE FROM event_type_versions v WHERE v.name = OLD.name AND v.valid_to = 'infinity' AND v.valid_from >= v_now;
    UPDATE event_type_versions v SET valid_to = v_now WHERE v.name = OLD.name AND v.valid_to = 'infinity';
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO event_type_versions
    SELECT r.*
      FROM jsonb_populate_record(NULL::event_type_versions, to_jsonb(NEW) || jsonb_build_object(
             'valid_from', CASE WHEN EXISTS (SELECT 1 FROM event_type_versions v WHERE v.name = NEW.name)
                                THEN v_now ELSE '-infinity' END,
             'valid_to', 'infinity')) r;
  END IF;
  PERFORM audit('event_type_' || lower(TG_OP),
                CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.event_types__keep_versions() IS 'Keeps every rule with the time in which it held. Audited.';

CREATE OR REPLACE TRIGGER keep_versions AFTER INSERT OR UPDATE OR DELETE ON ttfd.event_types
  FOR EACH ROW EXECUTE FUNCTION ttfd.event_types__keep_versions();
