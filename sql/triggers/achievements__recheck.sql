-- A new or lowered achievement is unlocked for those who are there already: unlock_achievements looks through everybody.
CREATE OR REPLACE FUNCTION ttfd.achievements__recheck()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF TG_OP <> 'DELETE' THEN
    UPDATE achievement_scan SET next_user_id = 0;
  END IF;
  PERFORM audit('achievement_' || lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.achievements__recheck() IS 'Has members checked anew when achievements change. Audited.';

CREATE OR REPLACE TRIGGER recheck AFTER INSERT OR UPDATE OR DELETE ON ttfd.achievements
  FOR EACH ROW EXECUTE FUNCTION ttfd.achievements__recheck();
