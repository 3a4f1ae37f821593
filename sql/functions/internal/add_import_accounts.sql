-- Members who were there before are among those noted in import_changes when an account comes to them. New ones show their
-- accounts already: ttfd.update_kind tells so to platform_accounts__project.
CREATE OR REPLACE FUNCTION ttfd.add_import_accounts(p_run_id bigint, p_to_new_members boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF p_to_new_members THEN
    PERFORM set_config('ttfd.update_kind', 'create', true);
  END IF;
  INSERT INTO ttfd.platform_accounts
    (platform, external_id, user_id, username, display_name, link_method, linked_at, import_run_id)
  SELECT i.platform, i.external_id, i.person, i.username, i.display_name, i.link_method,
         coalesce(i.linked_at, ttfd.current_time()), p_run_id
    FROM ttfd.import_identities i
    LEFT JOIN ttfd.import_changes c ON c.run_id = p_run_id AND c.user_id = i.person
   WHERE i.run_id = p_run_id AND i.user_id IS NULL AND (c.user_id IS NULL) = p_to_new_members
     AND (i.row_id IS NOT NULL OR (SELECT true FROM ttfd.unified_users u WHERE u.id = i.person))
   ORDER BY i.person;
  PERFORM set_config('ttfd.update_kind', 'import', true);
END;
$$;

COMMENT ON FUNCTION ttfd.add_import_accounts(bigint, boolean) IS
  'Gives members the accounts that a run brings: to those whom it makes, or to those who were there before.';
