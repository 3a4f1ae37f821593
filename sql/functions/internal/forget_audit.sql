-- What was done stays; who it was done to is blacked out, in the lines that are about the member and in no other.
CREATE OR REPLACE FUNCTION ttfd.forget_audit(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_names text[] := ARRAY(SELECT DISTINCT n.name
                            FROM unnest(p_accounts) a
                           CROSS JOIN LATERAL (VALUES (a.external_id), (a.username), (a.display_name)) n (name)
                           WHERE n.name <> '');
BEGIN
  UPDATE ttfd.audit_log l
     SET before = ttfd.redact(l.before - 'reason', v_names), after = ttfd.redact(l.after - 'reason', v_names)
    FROM ttfd.list_audit_lines(p_user_ids, p_accounts) about
   WHERE l.id = about.id;
END;
$$;

COMMENT ON FUNCTION ttfd.forget_audit(bigint[], ttfd.platform_accounts[]) IS
  'Blacks out a member''s names and external ids, and erases reasons, in the lines of the audit log that are about the member.';
