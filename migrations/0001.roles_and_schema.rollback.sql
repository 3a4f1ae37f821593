-- The roles stay: they belong to the cluster, and another database or a login role may depend on them.
SET LOCAL lock_timeout = '10s';

ALTER DEFAULT PRIVILEGES FOR ROLE ttfd_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC;

DROP SCHEMA ttfd;
