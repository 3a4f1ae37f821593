SET LOCAL lock_timeout = '10s';

DROP INDEX ttfd.boosts_user_id;

DROP TABLE ttfd.purchases, ttfd.shop_items, ttfd.adjustments, ttfd.transfer_days, ttfd.settings;
