CREATE OR REPLACE FUNCTION ttfd.season_settings__audit()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM audit('season_settings_' || lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.season_settings__audit() IS 'Writes changes of the season settings into the audit log.';

CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ttfd.season_settings
  FOR EACH ROW EXECUTE FUNCTION ttfd.season_settings__audit();
