-- What an administrator may change without a deploy: platforms, ranks and the rules of what an event earns.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

CREATE TABLE ttfd.platforms (
  name       text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{1,30}$'),
  id_pattern text NOT NULL,
  folds_case boolean NOT NULL DEFAULT false,
  role_name  text NOT NULL
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
  id          smallint PRIMARY KEY CHECK (id > 0),
  name        text NOT NULL UNIQUE,
  required_xp bigint NOT NULL UNIQUE CHECK (required_xp >= 0),
  coins       bigint NOT NULL CHECK (coins >= 0),
  color       text NOT NULL CHECK (color ~ '^#[0-9a-f]{6}$')
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
  name              text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  xp                bigint NOT NULL DEFAULT 0 CHECK (xp >= 0),
  coins             bigint NOT NULL DEFAULT 0 CHECK (coins >= 0),
  per_seconds       integer CHECK (per_seconds > 0),
  max_seconds       integer CHECK (max_seconds > 0),
  cooldown_seconds  integer CHECK (cooldown_seconds > 0),
  daily_xp_cap      bigint CHECK (daily_xp_cap >= 0),
  stated_xp_max     bigint CHECK (stated_xp_max > 0),
  stated_coins_max  bigint CHECK (stated_coins_max > 0),
  allows_negative   boolean NOT NULL DEFAULT false,
  is_admin_only     boolean NOT NULL DEFAULT false,
  counter           text CHECK (counter IN ('messages', 'voice', 'games')),
  is_enabled        boolean NOT NULL DEFAULT true
);

COMMENT ON TABLE ttfd.event_types IS 'What may be recorded, and what it earns.';
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
COMMENT ON COLUMN ttfd.event_types.counter IS 'Which counter of the member the event moves, whatever it earns.';

INSERT INTO ttfd.event_types
  (name, xp, per_seconds, max_seconds, cooldown_seconds, daily_xp_cap, stated_xp_max, stated_coins_max,
   allows_negative, is_admin_only, counter)
VALUES
  ('message_sent', 5, NULL, NULL, 60, NULL, NULL, NULL, false, false, 'messages'),
  ('voice_time', 1, 20, 86400, NULL, 600, NULL, NULL, false, false, 'voice'),
  ('game_played', 0, NULL, NULL, NULL, NULL, 100, 1000, false, false, 'games'),
  ('xp_change', 0, NULL, NULL, NULL, NULL, 1000000000, NULL, true, true, NULL),
  ('coins_change', 0, NULL, NULL, NULL, NULL, NULL, 1000000000, true, true, NULL);

RESET ROLE;
