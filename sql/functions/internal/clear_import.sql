-- Legacy records hold personal data; once they are members only what was rejected is kept, for whoever has to look.
CREATE OR REPLACE FUNCTION ttfd.clear_import(p_run_id bigint)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  DELETE FROM ttfd.import_grants WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_links WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_identities WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_repeated WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_accounts WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_judged WHERE run_id = p_run_id;
  DELETE FROM ttfd.import_rows WHERE run_id = p_run_id AND reject_reason IS NULL;
$$;

COMMENT ON FUNCTION ttfd.clear_import(bigint) IS 'Empties the working tables of a run and forgets its accepted records.';
