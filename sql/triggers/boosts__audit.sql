CREATE OR REPLACE FUNCTION ttfd.boosts__audit()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM audit('boost_' || lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.boosts__audit() IS 'Writes changes of boosts into the audit log.';

CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ttfd.boosts
  FOR EACH ROW EXECUTE FUNCTION ttfd.boosts__audit();
