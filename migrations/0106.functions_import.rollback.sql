-- Generated from sql/functions/import by `make migration`.
SET LOCAL lock_timeout = '10s';
