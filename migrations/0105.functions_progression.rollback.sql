-- Generated from sql/functions/progression by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP FUNCTION ttfd.list_leaderboard(text, integer, text);

DROP FUNCTION ttfd.list_history(bigint, bigint, integer);

DROP FUNCTION ttfd.get_position(bigint, text);
