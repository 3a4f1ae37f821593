-- The tables come from the catalog, so that one that is added later is in the export by itself. A loop, because each has
-- columns of its own. Secrets (columns named like a digest) stay out.
CREATE OR REPLACE FUNCTION ttfd.export_user(p_user_id bigint)
RETURNS TABLE (document jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_ids bigint[] := list_person(p_user_id);
  v_accounts platform_accounts[] := ARRAY(SELECT a FROM platform_accounts a WHERE a.user_id = ANY (v_user_ids));
  v_table record;
  v_rows jsonb;
BEGIN
  IF EXISTS (SELECT 1 FROM unified_users u WHERE u.id = p_user_id AND u.forgotten_at IS NOT NULL) THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  document := jsonb_build_object('user_id', v_user_ids[1], 'exported_at', ttfd.current_time()) || export_mentions(v_user_ids, v_accounts);
  FOR v_table IN
    SELECT r.table_name, string_agg(format('t.%I = ANY ($1)', r.column_name), ' OR ') AS condition
      FROM list_user_references() r
     GROUP BY r.table_name
  LOOP
    EXECUTE format('SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)) FROM ttfd.%I t WHERE %s', v_table.table_name, v_table.condition)
       INTO v_rows USING v_user_ids;
    document := document || jsonb_build_object(v_table.table_name, drop_secrets(coalesce(v_rows, '[]')));
  END LOOP;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.export_user(bigint) IS
  'Everything that is held on a member, for the member to have. Returns document: a JSON object with user_id, exported_at and, for each table that names the member, an array of its rows (unified_users, platform_accounts, cross_platform_events with what is pending, failed_events and so on), then import_rows, import_conflicts and audit_log where they are about the member (and, without before and after, what the member did as an administrator of the website). Merged users are included. Raises TU001 when there is no such user, or it was forgotten.';

REVOKE ALL ON FUNCTION ttfd.export_user(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.export_user(bigint) TO ttfd_website, ttfd_admin;
