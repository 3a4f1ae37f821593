CREATE OR REPLACE FUNCTION ttfd.set_import_policy(p_run_id bigint, p_policy text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  IF coalesce(p_policy, '') !~ '^(sum|max|prefer [a-z][a-z0-9_]{1,30})$' THEN
    RAISE EXCEPTION 'there is no policy %', coalesce(quote_literal(left(p_policy, 60)), 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Policies are sum, max, and prefer with an origin: prefer telegram.';
  END IF;
  PERFORM require_loading_import(p_run_id);
  UPDATE import_runs r SET policy = p_policy WHERE r.id = p_run_id;
END;
$$;

COMMENT ON FUNCTION ttfd.set_import_policy(bigint, text) IS
  'What becomes of the XP and coins of a person with several accounts in a run, before it is unified: they add up (sum, unless told otherwise), those of the account with the most count (max), or those of an origin where the person has an account there, else the most (prefer telegram). Counters always add up. Raises 22023 for another policy, 55000 when the run is finished.';

REVOKE ALL ON FUNCTION ttfd.set_import_policy(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_import_policy(bigint, text) TO ttfd_admin;
