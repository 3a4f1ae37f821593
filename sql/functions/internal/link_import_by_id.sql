CREATE OR REPLACE FUNCTION ttfd.link_import_by_id(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.import_links l
     SET person = one.person, to_person = other.person, is_new = one.person <> other.person
    FROM ttfd.import_identities one, ttfd.import_identities other
   WHERE l.run_id = p_run_id AND l.kind = 'id'
     AND one.run_id = p_run_id AND one.platform = l.platform AND one.external_id = l.external_id
     AND other.run_id = p_run_id AND other.platform = l.to_platform AND other.external_id = l.to_external_id;

  PERFORM ttfd.follow_import_links(p_run_id, 'id', 'links_contradict');
END;
$$;

COMMENT ON FUNCTION ttfd.link_import_by_id(bigint) IS
  'Joins accounts that state each other''s ids; contradictions become conflicts.';
