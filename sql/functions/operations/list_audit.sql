CREATE OR REPLACE FUNCTION ttfd.list_audit(p_before bigint DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (
  audit_id bigint, at timestamptz, actor text, role text, on_behalf_of bigint, action text, before jsonb, after jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT l.id, l.at, l.actor, l.role, l.on_behalf_of, l.action, l.before, l.after
    FROM audit_log l
   WHERE l.id < coalesce(p_before, 9223372036854775807)
   ORDER BY l.id DESC
   LIMIT least(greatest(p_limit, 0), 1000);
$$;

COMMENT ON FUNCTION ttfd.list_audit(bigint, integer) IS
  'Who changed what, newest first. Returns audit_id, at, actor (login), role, on_behalf_of (a member, see act_for_session), action, before, after; give the audit_id of the last row as p_before for the next page (at most 1,000 rows).';

REVOKE ALL ON FUNCTION ttfd.list_audit(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_audit(bigint, integer) TO ttfd_admin;
