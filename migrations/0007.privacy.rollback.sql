SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.forgotten_accounts, ttfd.forgetting_key;

ALTER TABLE ttfd.unified_users DROP COLUMN forgotten_at;
