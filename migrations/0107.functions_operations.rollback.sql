-- Generated from sql/functions/operations by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP FUNCTION ttfd.verify_integrity();

DROP FUNCTION ttfd.verify_imports();

DROP FUNCTION ttfd.take_lead();

DROP FUNCTION ttfd.sum_grants(bigint);

DROP FUNCTION ttfd.renew_epoch(boolean);

DROP FUNCTION ttfd.purge_expired();

DROP FUNCTION ttfd.list_audit(bigint, integer);

DROP FUNCTION ttfd.get_stats();

DROP FUNCTION ttfd.get_metrics();
