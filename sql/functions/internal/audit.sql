CREATE OR REPLACE FUNCTION ttfd.audit(p_action text, p_before jsonb, p_after jsonb)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  INSERT INTO ttfd.audit_log (actor, role, action, before, after, on_behalf_of)
  VALUES (session_user, ttfd.caller_role(), p_action, p_before, p_after,
          nullif(pg_catalog.current_setting('ttfd.on_behalf_of', true), '')::bigint);
$$;

COMMENT ON FUNCTION ttfd.audit(text, jsonb, jsonb) IS 'Writes a line into the audit log.';
