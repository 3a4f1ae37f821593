SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.user_merges, ttfd.link_failures, ttfd.link_codes;
