CREATE OR REPLACE FUNCTION ttfd.role_rewards__audit()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM audit('role_reward_' || lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.role_rewards__audit() IS 'Writes changes of role rewards into the audit log.';

CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ttfd.role_rewards
  FOR EACH ROW EXECUTE FUNCTION ttfd.role_rewards__audit();
