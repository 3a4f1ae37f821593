SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.platform_accounts, ttfd.unified_users;
