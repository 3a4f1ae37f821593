-- A line is about a member when it names the member's id, an account of theirs, or an event of theirs that failed.
CREATE OR REPLACE FUNCTION ttfd.list_audit_lines(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS SETOF ttfd.audit_log
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN QUERY
  SELECT l.*
    FROM ttfd.audit_log l
   WHERE EXISTS (
           SELECT 1
             FROM jsonb_path_query_array(jsonb_build_array(l.before, l.after), '$.** ? (@.type() == "object").keyvalue()') k (pairs)
            CROSS JOIN jsonb_to_recordset(k.pairs) AS p (key text, value jsonb)
            WHERE p.key ~ '(^|_)(user|into|from|to)_id$' AND p.value = ANY (SELECT to_jsonb(u.id) FROM unnest(p_user_ids) u (id))
               OR p.value = ANY (SELECT to_jsonb(a.external_id) FROM unnest(p_accounts) a)
               OR p.key = 'event_id' AND p.value = ANY (SELECT to_jsonb(f.id) FROM ttfd.failed_events f WHERE f.user_id = ANY (p_user_ids)))
   ORDER BY l.id;
END;
$$;

COMMENT ON FUNCTION ttfd.list_audit_lines(bigint[], ttfd.platform_accounts[]) IS 'The lines of the audit log that are about a member.';
