-- Roles belong to the cluster, not to this database: they may exist already, and two databases may be migrated at once.
SET LOCAL lock_timeout = '10s';

DO $$
DECLARE
  v_role text;
BEGIN
  FOREACH v_role IN ARRAY ARRAY['ttfd_owner', 'ttfd_admin', 'ttfd_worker', 'ttfd_reader',
                                'ttfd_telegram', 'ttfd_discord', 'ttfd_website'] LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM pg_roles WHERE rolname = v_role);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
  -- A hosting provider's administrator is often no superuser: it needs the owner role to create objects for it.
  IF NOT pg_has_role(current_user, 'ttfd_owner', 'MEMBER') THEN
    EXECUTE format('GRANT ttfd_owner TO %I', current_user);
  END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_auth_members
                  WHERE roleid = 'ttfd_admin'::regrole AND member = 'ttfd_owner'::regrole) THEN
    BEGIN
      GRANT ttfd_admin TO ttfd_owner;
    EXCEPTION
      WHEN unique_violation THEN NULL;
    END;
  END IF;
END $$;

CREATE SCHEMA ttfd AUTHORIZATION ttfd_owner;

COMMENT ON SCHEMA ttfd IS 'One account and one progression for a community on Telegram, Discord and a website.';

GRANT USAGE ON SCHEMA ttfd TO ttfd_admin, ttfd_worker, ttfd_reader, ttfd_telegram, ttfd_discord, ttfd_website;

-- Without IN SCHEMA on purpose: with it, the built-in EXECUTE for PUBLIC would stay.
ALTER DEFAULT PRIVILEGES FOR ROLE ttfd_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
