-- Generated from sql/functions/import by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;

RESET ROLE;
