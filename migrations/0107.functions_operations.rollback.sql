-- Generated from sql/functions/operations by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP FUNCTION ttfd.verify_integrity();

DROP FUNCTION ttfd.verify_imports();

DROP FUNCTION ttfd.list_audit(bigint, integer);

DROP FUNCTION ttfd.get_stats();
