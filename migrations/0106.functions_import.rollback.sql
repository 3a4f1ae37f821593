-- Generated from sql/functions/import by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP FUNCTION ttfd.unify_import(bigint, boolean, boolean);

DROP FUNCTION ttfd.undo_import(bigint);

DROP FUNCTION ttfd.start_import(text);

DROP FUNCTION ttfd.settle_import_conflict(bigint, text, text, text);

DROP FUNCTION ttfd.set_import_policy(bigint, text);

DROP FUNCTION ttfd.list_import_conflicts(bigint);

DROP FUNCTION ttfd.judge_import_rows(bigint);
