SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.purchases, ttfd.shop_items, ttfd.adjustments, ttfd.transfer_days, ttfd.settings;
