-- Coins that members spend, send and win, the shop, and the settings behind them.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Numbers that an administrator may turn. The bounds are part of the row, so that a slip of a digit is refused.
CREATE TABLE ttfd.settings (
  name        text PRIMARY KEY CONSTRAINT settings_name_form CHECK (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  value       jsonb NOT NULL,
  kind        text NOT NULL CONSTRAINT settings_kind_known CHECK (kind IN ('integer', 'number', 'range')),
  minimum     numeric NOT NULL,
  maximum     numeric NOT NULL,
  description text NOT NULL,
  CONSTRAINT settings_value_allowed CHECK (coalesce(jsonb_path_match(
    value,
    CASE kind
      WHEN 'number' THEN 'strict $.type() == "number" && $ >= $min && $ <= $max'
      WHEN 'integer' THEN 'strict $.type() == "number" && $ >= $min && $ <= $max && $.floor() == $'
      WHEN 'range' THEN 'strict $.type() == "array" && $.size() == 2 && $[0] >= $min && $[0] <= $[1] && $[1] <= $max'
                     ' && $[0].floor() == $[0] && $[1].floor() == $[1]'
    END::jsonpath,
    jsonb_build_object('min', minimum, 'max', maximum), true), false))
);

COMMENT ON TABLE ttfd.settings IS 'Numbers of the progression. Changed by set_setting.';
COMMENT ON COLUMN ttfd.settings.kind IS 'integer, number (with decimals), or range: two whole numbers in ascending order.';

INSERT INTO ttfd.settings (name, value, kind, minimum, maximum, description) VALUES
  ('award_maximum', '1000000', 'integer', 0, 1000000000000, 'Most XP, and most coins, that one award may grant.'),
  ('daily_coins', '50', 'integer', 0, 1000000, 'Coins of a daily claim, before the bonus.'),
  ('daily_freeze_days', '7', 'integer', 1, 1000, 'Days of a streak that earn one freeze.'),
  ('daily_freezes_max', '2', 'integer', 0, 365, 'Most freezes that a member keeps.'),
  ('daily_streak_bonus', '10', 'number', 0, 1000, 'Percent that each further day of a streak adds to a daily claim.'),
  ('daily_streak_bonus_max', '100', 'number', 0, 10000, 'Most percent that a streak adds to a daily claim.'),
  ('daily_xp', '100', 'integer', 0, 1000000, 'XP of a daily claim, before the bonus.'),
  ('transfer_daily_limit', '10000', 'integer', 0, 1000000000000, 'Most coins that a member sends in one UTC day.'),
  ('transfer_fee_percent', '0', 'number', 0, 100, 'Percent that the sender of a transfer pays on top, rounded up to whole coins.'),
  ('transfer_minimum', '1', 'integer', 1, 1000000000, 'Fewest coins of a transfer.'),
  ('work_coins', '[50, 150]', 'range', 0, 1000000, 'Coins that work pays: fewest and most.'),
  ('work_cooldown_seconds', '3600', 'integer', 60, 86400, 'Work pays once in each clock-aligned window of this many seconds.'),
  ('work_xp', '[10, 30]', 'range', 0, 1000000, 'XP that work earns: least and most.');

CREATE TABLE ttfd.transfer_days (
  user_id bigint NOT NULL,
  day     date NOT NULL,
  coins   bigint NOT NULL CONSTRAINT transfer_days_coins_not_negative CHECK (coins >= 0),
  PRIMARY KEY (user_id, day)
);

COMMENT ON TABLE ttfd.transfer_days IS 'Coins that a member has sent in a UTC day, for the daily limit. Rows of past days are of no use.';

-- Amounts stay here when the event is compacted away, and reverted_by makes sure that they are taken back once.
CREATE TABLE ttfd.adjustments (
  event_id    uuid PRIMARY KEY,
  user_id     bigint NOT NULL,
  xp          bigint NOT NULL,
  coins       bigint NOT NULL,
  reason      text NOT NULL,
  adjusted_at timestamptz NOT NULL,
  reverted_by uuid UNIQUE
);

COMMENT ON TABLE ttfd.adjustments IS 'Corrections of balances by administrators.';
COMMENT ON COLUMN ttfd.adjustments.reverted_by IS 'Event that has taken the adjustment back.';

CREATE TABLE ttfd.shop_items (
  name             text PRIMARY KEY CONSTRAINT shop_items_name_form CHECK (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  title_ru         text NOT NULL CONSTRAINT shop_items_title_ru_not_empty CHECK (title_ru <> ''),
  title_en         text NOT NULL CONSTRAINT shop_items_title_en_not_empty CHECK (title_en <> ''),
  description_ru   text NOT NULL DEFAULT '',
  description_en   text NOT NULL DEFAULT '',
  price            bigint NOT NULL CONSTRAINT shop_items_price_not_negative CHECK (price >= 0),
  stock_total      bigint CONSTRAINT shop_items_stock_total_not_negative CHECK (stock_total >= 0),
  sold             bigint NOT NULL DEFAULT 0 CONSTRAINT shop_items_sold_not_negative CHECK (sold >= 0),
  member_limit     integer CONSTRAINT shop_items_member_limit_positive CHECK (member_limit > 0),
  duration_seconds integer CONSTRAINT shop_items_duration_seconds_positive CHECK (duration_seconds > 0),
  effect           jsonb NOT NULL DEFAULT '{}' CONSTRAINT shop_items_effect_is_object CHECK (jsonb_typeof(effect) = 'object'),
  sort_order       integer NOT NULL DEFAULT 0,
  is_enabled       boolean NOT NULL DEFAULT true,
  CONSTRAINT shop_items_not_oversold CHECK (sold <= stock_total),
  CONSTRAINT shop_items_boost_allowed CHECK (NOT effect ? 'boost' OR duration_seconds IS NOT NULL AND coalesce(
    jsonb_path_match(effect, 'strict $.boost.type() == "number" && $.boost >= 0.01 && $.boost <= 100', '{}', true), false)),
  CONSTRAINT shop_items_event_types_allowed CHECK (NOT effect ? 'event_types' OR effect ? 'boost' AND coalesce(
    jsonb_path_match(effect, 'strict $.event_types.type() == "array" && $.event_types.size() > 0'
                             ' && !exists($.event_types[*] ? (@.type() != "string"))', '{}', true), false)),
  CONSTRAINT shop_items_role_allowed CHECK (NOT effect ? 'role' OR jsonb_typeof(effect -> 'role') = 'object')
);

COMMENT ON TABLE ttfd.shop_items IS 'What coins buy. A change is audited.';
COMMENT ON COLUMN ttfd.shop_items.stock_total IS 'How many there are to be sold in all, those sold included; NULL for any number.';
COMMENT ON COLUMN ttfd.shop_items.sold IS 'How many were sold.';
COMMENT ON COLUMN ttfd.shop_items.member_limit IS 'How many a member may have at a time; NULL for any number. What has expired does not count.';
COMMENT ON COLUMN ttfd.shop_items.duration_seconds IS 'How long a purchase lasts; NULL for good.';
COMMENT ON COLUMN ttfd.shop_items.effect IS 'What it does: {"boost": 2, "event_types": [...]} multiplies what the buyer earns, {"role": {"discord": "123"}} is for the bots to give. Empty for a keepsake.';

INSERT INTO ttfd.shop_items
  (name, title_ru, title_en, description_ru, description_en, price, member_limit, duration_seconds, effect, sort_order)
VALUES
  -- Double rewards for an hour
  ('boost_hour', E'\u0414\u0432\u043E\u0439\u043D\u0430\u044F \u043D\u0430\u0433\u0440\u0430\u0434\u0430 \u043D\u0430 \u0447\u0430\u0441', 'Double rewards for an hour',
   E'\u041E\u043F\u044B\u0442 \u0438 \u043C\u043E\u043D\u0435\u0442\u044B \u0437\u0430 \u0432\u0441\u0451, \u0447\u0442\u043E \u0442\u044B \u0434\u0435\u043B\u0430\u0435\u0448\u044C, \u0443\u0434\u0432\u0430\u0438\u0432\u0430\u044E\u0442\u0441\u044F \u043D\u0430 \u0447\u0430\u0441.',
   'XP and coins for everything you do are doubled for an hour.',
   150, NULL, 3600, '{"boost": 2}', 10),
  -- Double rewards for a day
  ('boost_day', E'\u0414\u0432\u043E\u0439\u043D\u0430\u044F \u043D\u0430\u0433\u0440\u0430\u0434\u0430 \u043D\u0430 \u0441\u0443\u0442\u043A\u0438', 'Double rewards for a day',
   E'\u041E\u043F\u044B\u0442 \u0438 \u043C\u043E\u043D\u0435\u0442\u044B \u0437\u0430 \u0432\u0441\u0451, \u0447\u0442\u043E \u0442\u044B \u0434\u0435\u043B\u0430\u0435\u0448\u044C, \u0443\u0434\u0432\u0430\u0438\u0432\u0430\u044E\u0442\u0441\u044F \u043D\u0430 24 \u0447\u0430\u0441\u0430.',
   'XP and coins for everything you do are doubled for 24 hours.',
   1500, NULL, 86400, '{"boost": 2}', 20),
  -- Triple voice XP for a day
  ('voice_boost_day', E'\u0422\u0440\u043E\u0439\u043D\u043E\u0439 \u043E\u043F\u044B\u0442 \u0437\u0430 \u0433\u043E\u043B\u043E\u0441 \u043D\u0430 \u0441\u0443\u0442\u043A\u0438', 'Triple voice XP for a day',
   E'\u0412\u0440\u0435\u043C\u044F \u0432 \u0433\u043E\u043B\u043E\u0441\u043E\u0432\u044B\u0445 \u043A\u0430\u043D\u0430\u043B\u0430\u0445 \u043F\u0440\u0438\u043D\u043E\u0441\u0438\u0442 \u0432\u0442\u0440\u043E\u0435 \u0431\u043E\u043B\u044C\u0448\u0435 \u043E\u043F\u044B\u0442\u0430 \u0432 \u0442\u0435\u0447\u0435\u043D\u0438\u0435 24 \u0447\u0430\u0441\u043E\u0432.',
   'Time in voice channels earns three times the XP for 24 hours.',
   500, NULL, 86400, '{"boost": 3, "event_types": ["voice_time"]}', 30),
  -- Collector's badge
  ('collector_badge', E'\u0417\u043D\u0430\u0447\u043E\u043A \u043A\u043E\u043B\u043B\u0435\u043A\u0446\u0438\u043E\u043D\u0435\u0440\u0430', 'Collector''s badge',
   E'\u041E\u0434\u0438\u043D \u043D\u0430 \u0443\u0447\u0430\u0441\u0442\u043D\u0438\u043A\u0430, \u043D\u0430\u0432\u0441\u0435\u0433\u0434\u0430: \u043F\u0443\u0441\u0442\u044C \u0432\u0441\u0435 \u0432\u0438\u0434\u044F\u0442.',
   'One per member, for good: let everybody see it.',
   5000, 1, NULL, '{}', 40);

CREATE TABLE ttfd.purchases (
  event_id   uuid PRIMARY KEY,
  user_id    bigint NOT NULL REFERENCES ttfd.unified_users (id),
  item       text NOT NULL REFERENCES ttfd.shop_items (name) ON UPDATE CASCADE,
  price      bigint NOT NULL,
  effect     jsonb NOT NULL,
  bought_at  timestamptz NOT NULL,
  starts_at  timestamptz NOT NULL,
  expires_at timestamptz
);

CREATE INDEX purchases_user_id ON ttfd.purchases (user_id, bought_at);
CREATE INDEX purchases_item ON ttfd.purchases (item, user_id);

COMMENT ON TABLE ttfd.purchases IS 'What members have bought, with the price and the effect of the day.';
COMMENT ON COLUMN ttfd.purchases.starts_at IS 'When it takes effect: after an earlier one of the same item.';
COMMENT ON COLUMN ttfd.purchases.expires_at IS 'NULL for good.';

GRANT SELECT, INSERT, UPDATE, DELETE ON ttfd.shop_items TO ttfd_admin;
GRANT SELECT ON ttfd.settings, ttfd.adjustments, ttfd.purchases TO ttfd_admin;

RESET ROLE;
