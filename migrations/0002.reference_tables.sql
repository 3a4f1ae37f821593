-- What an administrator may change without a deploy: platforms, ranks and the rules of what an event earns.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

CREATE TABLE ttfd.platforms (
  name       text PRIMARY KEY CONSTRAINT platforms_name_form CHECK (name ~ '^[a-z][a-z0-9_]{1,30}$'),
  id_pattern text NOT NULL,
  folds_case boolean NOT NULL DEFAULT false,
  role_name  text NOT NULL,
  CONSTRAINT platforms_name_kept_for_ttfd_choose_another CHECK (name <> 'system')
);

COMMENT ON TABLE ttfd.platforms IS 'Where members live. A further platform is one more row (and a role for its bot).';
COMMENT ON COLUMN ttfd.platforms.id_pattern IS 'Regular expression that every external id of the platform matches.';
COMMENT ON COLUMN ttfd.platforms.folds_case IS 'Whether external ids are compared in lower case (e-mail addresses are).';
COMMENT ON COLUMN ttfd.platforms.role_name IS 'Database role whose members may speak for the platform.';

INSERT INTO ttfd.platforms (name, id_pattern, folds_case, role_name) VALUES
  ('telegram', '^[1-9][0-9]{0,18}$', false, 'ttfd_telegram'),
  ('discord', '^[1-9][0-9]{0,19}$', false, 'ttfd_discord'),
  ('website', '^[^[:space:]@]{1,64}@[^[:space:]@]{1,189}$', true, 'ttfd_website');

CREATE TABLE ttfd.ranks (
  id          smallint PRIMARY KEY CONSTRAINT ranks_id_positive CHECK (id > 0),
  name        text NOT NULL UNIQUE,
  required_xp bigint NOT NULL UNIQUE CONSTRAINT ranks_required_xp_not_negative CHECK (required_xp >= 0),
  coins       bigint NOT NULL CONSTRAINT ranks_coins_not_negative CHECK (coins >= 0),
  color       text NOT NULL CONSTRAINT ranks_color_form CHECK (color ~ '^#[0-9a-f]{6}$')
);

COMMENT ON TABLE ttfd.ranks IS 'The ladder: XP from which a rank holds, and the coins paid once to whoever reaches it.';

INSERT INTO ttfd.ranks (id, name, required_xp, coins, color) VALUES
  (1, 'F I', 0, 0, '#95a5a6'),
  (2, 'F II', 500, 50, '#7f8c8d'),
  (3, 'F III', 1250, 100, '#5d6d7e'),
  (4, 'E I', 2250, 150, '#34495e'),
  (5, 'E II', 3500, 200, '#2c3e50'),
  (6, 'E III', 5000, 300, '#566573'),
  (7, 'D I', 6750, 400, '#616a6b'),
  (8, 'D II', 8750, 500, '#515a5a'),
  (9, 'D III', 11000, 700, '#424949'),
  (10, 'C I', 13500, 900, '#2e4053'),
  (11, 'C II', 16250, 1200, '#1c2833'),
  (12, 'C III', 19250, 1500, '#17202a'),
  (13, 'B I', 22500, 2000, '#641e16'),
  (14, 'B II', 26000, 2500, '#512e5f'),
  (15, 'B III', 29750, 3000, '#1a1a1a'),
  (16, 'A I', 33750, 4000, '#0d0d0d'),
  (17, 'A II', 38000, 5000, '#4a235a'),
  (18, 'A III', 42500, 7000, '#1b2631'),
  (19, 'S I', 47250, 10000, '#8b0000'),
  (20, 'S II', 52250, 15000, '#ff0000');

CREATE TABLE ttfd.event_types (
  name              text PRIMARY KEY CONSTRAINT event_types_name_form CHECK (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  xp                bigint NOT NULL DEFAULT 0 CONSTRAINT event_types_xp_not_negative CHECK (xp >= 0),
  coins             bigint NOT NULL DEFAULT 0 CONSTRAINT event_types_coins_not_negative CHECK (coins >= 0),
  per_seconds       integer CONSTRAINT event_types_per_seconds_positive CHECK (per_seconds > 0),
  max_seconds       integer CONSTRAINT event_types_max_seconds_positive CHECK (max_seconds > 0),
  cooldown_seconds  integer CONSTRAINT event_types_cooldown_seconds_positive CHECK (cooldown_seconds > 0),
  daily_xp_cap      bigint CONSTRAINT event_types_daily_xp_cap_not_negative CHECK (daily_xp_cap >= 0),
  stated_xp_max     bigint CONSTRAINT event_types_stated_xp_max_positive CHECK (stated_xp_max > 0),
  stated_coins_max  bigint CONSTRAINT event_types_stated_coins_max_positive CHECK (stated_coins_max > 0),
  allows_negative   boolean NOT NULL DEFAULT false,
  is_admin_only     boolean NOT NULL DEFAULT false,
  is_boostable      boolean NOT NULL DEFAULT true,
  counter           text CONSTRAINT event_types_counter_known CHECK (counter IN ('messages', 'voice', 'games')),
  is_enabled        boolean NOT NULL DEFAULT true,
  -- What has a rule may be sent by a platform, and these are ttfd's own to write.
  CONSTRAINT event_types_name_kept_for_ttfd_choose_another CHECK (
    name !~ '^ttfd_'
    AND name NOT IN (
      'account_forgotten', 'account_linked', 'account_unlinked', 'accounts_merged', 'achievement_unlock', 'adjustment',
      'adjustment_reverted', 'award', 'coins_spent', 'daily_claim', 'merge_undone', 'opening_balance', 'purchase', 'rank_up',
      'season_closed', 'season_started', 'transfer_received', 'transfer_sent', 'work'))
);

COMMENT ON TABLE ttfd.event_types IS 'What may be recorded, and what it earns. A change holds for events that happen after it, and is audited.';
COMMENT ON COLUMN ttfd.event_types.name IS 'Names of events that ttfd writes itself are not allowed, nor are names that begin with ttfd_: they are kept for later versions.';
COMMENT ON COLUMN ttfd.event_types.xp IS 'XP for one event, or for per_seconds counted seconds.';
COMMENT ON COLUMN ttfd.event_types.coins IS 'Coins for one event, or for per_seconds counted seconds.';
COMMENT ON COLUMN ttfd.event_types.per_seconds IS 'When set, data.seconds is required, and amounts are for this many seconds of it.';
COMMENT ON COLUMN ttfd.event_types.max_seconds IS 'Longest session that counts, in seconds.';
COMMENT ON COLUMN ttfd.event_types.cooldown_seconds IS 'One award in each clock-aligned window of this many seconds.';
COMMENT ON COLUMN ttfd.event_types.daily_xp_cap IS 'Most XP that the type earns in one UTC day.';
COMMENT ON COLUMN ttfd.event_types.stated_xp_max IS 'Highest XP that data.xp may state; NULL where stating is not allowed.';
COMMENT ON COLUMN ttfd.event_types.stated_coins_max IS 'Highest coins that data.coins may state; NULL where stating is not allowed.';
COMMENT ON COLUMN ttfd.event_types.allows_negative IS 'Whether stated amounts may be below zero, down to minus the maximum.';
COMMENT ON COLUMN ttfd.event_types.is_admin_only IS 'Whether only members of ttfd_admin may record it.';
COMMENT ON COLUMN ttfd.event_types.is_boostable IS 'Whether boosts multiply what it earns.';
COMMENT ON COLUMN ttfd.event_types.counter IS 'Which counter of the member the event moves, whatever it earns.';

INSERT INTO ttfd.event_types
  (name, xp, per_seconds, max_seconds, cooldown_seconds, daily_xp_cap, stated_xp_max, stated_coins_max,
   allows_negative, is_admin_only, is_boostable, counter)
VALUES
  ('message_sent', 5, NULL, NULL, 60, NULL, NULL, NULL, false, false, true, 'messages'),
  ('voice_time', 1, 20, 86400, NULL, 600, NULL, NULL, false, false, true, 'voice'),
  ('game_played', 0, NULL, NULL, NULL, NULL, 100, 1000, false, false, true, 'games'),
  ('xp_change', 0, NULL, NULL, NULL, NULL, 1000000000, NULL, true, true, false, NULL),
  ('coins_change', 0, NULL, NULL, NULL, NULL, NULL, 1000000000, true, true, false, NULL);

-- Every rule that ever held: an event is judged by the one of the time at which it happened. Kept by a trigger.
CREATE TABLE ttfd.event_type_versions (
  LIKE ttfd.event_types,
  valid_from timestamptz NOT NULL,
  valid_to   timestamptz NOT NULL DEFAULT 'infinity',
  PRIMARY KEY (name, valid_from),
  CONSTRAINT event_type_versions_begins_before_its_end CHECK (valid_from < valid_to)
);

COMMENT ON TABLE ttfd.event_type_versions IS 'The rules of event_types with the time in which they hold. Written by a trigger.';

INSERT INTO ttfd.event_type_versions SELECT t.*, '-infinity' FROM ttfd.event_types t;

CREATE TABLE ttfd.boosts (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  factor      numeric(6, 2) NOT NULL CONSTRAINT boosts_factor_in_range CHECK (factor > 0 AND factor <= 100),
  starts_at   timestamptz NOT NULL,
  ends_at     timestamptz NOT NULL,
  event_types text[] CONSTRAINT boosts_event_types_not_empty CHECK (cardinality(event_types) > 0),
  platforms   text[] CONSTRAINT boosts_platforms_not_empty CHECK (cardinality(platforms) > 0),
  user_id     bigint,
  CONSTRAINT boosts_begins_before_its_end CHECK (starts_at < ends_at)
);

CREATE INDEX boosts_ends_at ON ttfd.boosts (ends_at);

-- Bought boosts may be thousands: with 5,000 of them find_boost takes 390 microseconds an event without this index, 12 with it.
CREATE INDEX boosts_user_id ON ttfd.boosts (user_id, ends_at);

COMMENT ON TABLE ttfd.boosts IS 'Multipliers of what events earn, for a time. Where several apply, the greatest counts.';
COMMENT ON COLUMN ttfd.boosts.factor IS 'XP and coins are multiplied by it and rounded down.';
COMMENT ON COLUMN ttfd.boosts.event_types IS 'Only events of these types; NULL for all.';
COMMENT ON COLUMN ttfd.boosts.platforms IS 'Only events from these platforms; NULL for all.';
COMMENT ON COLUMN ttfd.boosts.user_id IS 'Only this member; NULL for all.';

CREATE TABLE ttfd.audit_log (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor  text NOT NULL,
  role   text NOT NULL,
  action text NOT NULL,
  before jsonb,
  after  jsonb,
  on_behalf_of bigint
);

COMMENT ON TABLE ttfd.audit_log IS 'Who changed what: append-only.';
COMMENT ON COLUMN ttfd.audit_log.actor IS 'The login.';
COMMENT ON COLUMN ttfd.audit_log.role IS 'The role it acted as.';
COMMENT ON COLUMN ttfd.audit_log.on_behalf_of IS 'The member for whom the login acted (act_for_session); NULL when it acted for itself.';

GRANT SELECT, INSERT, UPDATE, DELETE ON ttfd.event_types, ttfd.boosts, ttfd.ranks TO ttfd_admin;
GRANT SELECT ON ttfd.platforms, ttfd.event_type_versions, ttfd.audit_log TO ttfd_admin;

RESET ROLE;
