-- API functions run as their owner, so current_user says nothing of the caller. A role taken by SET ROLE counts,
-- because a session can only take roles that it is a member of.
CREATE OR REPLACE FUNCTION ttfd.caller_role()
RETURNS name
LANGUAGE sql STABLE
AS $$
  SELECT CASE pg_catalog.current_setting('role') WHEN 'none' THEN session_user
              ELSE pg_catalog.current_setting('role')::name END;
$$;

COMMENT ON FUNCTION ttfd.caller_role() IS 'The role that called the API: the one set by SET ROLE, else the login.';
