SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.forgotten_accounts, ttfd.forgetting_key;
