-- What there is to reach beside ranks: achievements, seasons, and the roles that platforms give for them.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

CREATE TABLE ttfd.achievements (
  name           text PRIMARY KEY CONSTRAINT achievements_name_form CHECK (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  metric         text NOT NULL CONSTRAINT achievements_metric_known
    CHECK (metric IN ('xp', 'coins', 'messages', 'voice', 'games', 'wins', 'streak', 'seasons', 'season_place')),
  threshold      bigint NOT NULL CONSTRAINT achievements_threshold_positive CHECK (threshold > 0),
  xp             bigint NOT NULL DEFAULT 0 CONSTRAINT achievements_xp_in_range CHECK (xp BETWEEN 0 AND 1000000000),
  coins          bigint NOT NULL DEFAULT 0 CONSTRAINT achievements_coins_in_range CHECK (coins BETWEEN 0 AND 1000000000),
  sort_order     integer NOT NULL DEFAULT 0,
  title_ru       text NOT NULL,
  title_en       text NOT NULL,
  description_ru text NOT NULL,
  description_en text NOT NULL,
  is_hidden      boolean NOT NULL DEFAULT false,
  is_enabled     boolean NOT NULL DEFAULT true
);

COMMENT ON TABLE ttfd.achievements IS 'What can be unlocked, once a member, and what it pays. A new or lowered one is unlocked for those who are there already. A change is audited.';
COMMENT ON COLUMN ttfd.achievements.metric IS 'What is counted: xp, coins, messages, voice (seconds), games, wins, streak (days in a row), seasons (finished ones that the member played in), season_place (the best place in a finished season).';
COMMENT ON COLUMN ttfd.achievements.threshold IS 'The value from which it is unlocked; for season_place the place up to which.';
COMMENT ON COLUMN ttfd.achievements.is_hidden IS 'Whether it is a secret until it is unlocked.';
COMMENT ON COLUMN ttfd.achievements.is_enabled IS 'Whether it can be unlocked. Who has unlocked it keeps it.';

-- The texts in Russian are written as escapes, because a migration has to be ASCII.
INSERT INTO ttfd.achievements
  (name, metric, threshold, xp, coins, sort_order, title_ru, title_en, description_ru, description_en)
VALUES
  ('wins_1', 'wins', 1, 100, 50, 10,
   E'\u041F\u0435\u0440\u0432\u0430\u044F \u043F\u043E\u0431\u0435\u0434\u0430', 'First win',
   E'\u0412\u044B\u0438\u0433\u0440\u0430\u0439 \u0438\u0433\u0440\u0443.', 'Win a game.'),
  ('wins_10', 'wins', 10, 200, 100, 20,
   E'\u0414\u0435\u0441\u044F\u0442\u044C \u043F\u043E\u0431\u0435\u0434', 'Ten wins',
   E'\u0412\u044B\u0438\u0433\u0440\u0430\u0439 10 \u0438\u0433\u0440.', 'Win 10 games.'),
  ('wins_50', 'wins', 50, 500, 300, 30,
   E'\u041F\u044F\u0442\u044C\u0434\u0435\u0441\u044F\u0442 \u043F\u043E\u0431\u0435\u0434', 'Fifty wins',
   E'\u0412\u044B\u0438\u0433\u0440\u0430\u0439 50 \u0438\u0433\u0440.', 'Win 50 games.'),
  ('wins_100', 'wins', 100, 1000, 500, 40,
   E'\u0421\u0442\u043E \u043F\u043E\u0431\u0435\u0434', 'A hundred wins',
   E'\u0412\u044B\u0438\u0433\u0440\u0430\u0439 100 \u0438\u0433\u0440.', 'Win 100 games.'),
  ('wins_500', 'wins', 500, 5000, 2000, 50,
   E'\u041B\u0435\u0433\u0435\u043D\u0434\u0430', 'Legend',
   E'\u0412\u044B\u0438\u0433\u0440\u0430\u0439 500 \u0438\u0433\u0440.', 'Win 500 games.'),
  ('games_100', 'games', 100, 300, 150, 60,
   E'\u0418\u0433\u0440\u043E\u043A', 'Player',
   E'\u0421\u044B\u0433\u0440\u0430\u0439 100 \u0438\u0433\u0440.', 'Play 100 games.'),
  ('games_500', 'games', 500, 1000, 500, 70,
   E'\u0417\u0430\u0432\u0441\u0435\u0433\u0434\u0430\u0442\u0430\u0439', 'Regular',
   E'\u0421\u044B\u0433\u0440\u0430\u0439 500 \u0438\u0433\u0440.', 'Play 500 games.'),
  ('coins_10000', 'coins', 10000, 500, 1000, 80,
   E'\u0411\u043E\u0433\u0430\u0447', 'Rich',
   E'\u041D\u0430\u043A\u043E\u043F\u0438 10 000 \u043C\u043E\u043D\u0435\u0442.', 'Have 10,000 coins.'),
  ('xp_10000', 'xp', 10000, 1000, 500, 90,
   E'\u041C\u0430\u0441\u0442\u0435\u0440 \u043E\u043F\u044B\u0442\u0430', 'Experienced',
   E'\u041D\u0430\u0431\u0435\u0440\u0438 10 000 \u043E\u043F\u044B\u0442\u0430.', 'Reach 10,000 XP.'),
  ('streak_3', 'streak', 3, 150, 75, 100,
   E'\u0422\u0440\u0438 \u0434\u043D\u044F \u043F\u043E\u0434\u0440\u044F\u0434', 'Three days in a row',
   E'\u0417\u0430\u0431\u0438\u0440\u0430\u0439 \u0435\u0436\u0435\u0434\u043D\u0435\u0432\u043D\u0443\u044E \u043D\u0430\u0433\u0440\u0430\u0434\u0443 3 \u0434\u043D\u044F \u043F\u043E\u0434\u0440\u044F\u0434.', 'Claim the daily reward 3 days in a row.'),
  ('streak_7', 'streak', 7, 500, 250, 110,
   E'\u041D\u0435\u0434\u0435\u043B\u044F \u043F\u043E\u0434\u0440\u044F\u0434', 'A week in a row',
   E'\u0417\u0430\u0431\u0438\u0440\u0430\u0439 \u0435\u0436\u0435\u0434\u043D\u0435\u0432\u043D\u0443\u044E \u043D\u0430\u0433\u0440\u0430\u0434\u0443 7 \u0434\u043D\u0435\u0439 \u043F\u043E\u0434\u0440\u044F\u0434.', 'Claim the daily reward 7 days in a row.'),
  ('streak_30', 'streak', 30, 2000, 1000, 120,
   E'\u041C\u0435\u0441\u044F\u0446 \u043F\u043E\u0434\u0440\u044F\u0434', 'A month in a row',
   E'\u0417\u0430\u0431\u0438\u0440\u0430\u0439 \u0435\u0436\u0435\u0434\u043D\u0435\u0432\u043D\u0443\u044E \u043D\u0430\u0433\u0440\u0430\u0434\u0443 30 \u0434\u043D\u0435\u0439 \u043F\u043E\u0434\u0440\u044F\u0434.', 'Claim the daily reward 30 days in a row.'),
  ('season_played', 'seasons', 1, 100, 50, 130,
   E'\u0423\u0447\u0430\u0441\u0442\u043D\u0438\u043A \u0441\u0435\u0437\u043E\u043D\u0430', 'Season player',
   E'\u041F\u0440\u0438\u043C\u0438 \u0443\u0447\u0430\u0441\u0442\u0438\u0435 \u0432 \u0441\u0435\u0437\u043E\u043D\u0435.', 'Take part in a season.'),
  ('season_top_50', 'season_place', 50, 500, 250, 140,
   E'\u0422\u043E\u043F-50 \u0441\u0435\u0437\u043E\u043D\u0430', 'Season top 50',
   E'\u0412\u043E\u0439\u0434\u0438 \u0432 \u043F\u0435\u0440\u0432\u044B\u0435 50 \u0441\u0435\u0437\u043E\u043D\u0430.', 'Finish a season among the first 50.'),
  ('season_top_10', 'season_place', 10, 1500, 750, 150,
   E'\u0422\u043E\u043F-10 \u0441\u0435\u0437\u043E\u043D\u0430', 'Season top 10',
   E'\u0412\u043E\u0439\u0434\u0438 \u0432 \u043F\u0435\u0440\u0432\u044B\u0435 10 \u0441\u0435\u0437\u043E\u043D\u0430.', 'Finish a season among the first 10.'),
  ('season_champion', 'season_place', 1, 5000, 2500, 160,
   E'\u0427\u0435\u043C\u043F\u0438\u043E\u043D \u0441\u0435\u0437\u043E\u043D\u0430', 'Season champion',
   E'\u0417\u0430\u0439\u043C\u0438 \u043F\u0435\u0440\u0432\u043E\u0435 \u043C\u0435\u0441\u0442\u043E \u0432 \u0441\u0435\u0437\u043E\u043D\u0435.', 'Finish a season in first place.');

-- No foreign key to achievements: one that is deleted and comes back is not paid for again.
CREATE TABLE ttfd.user_achievements (
  user_id     bigint NOT NULL REFERENCES ttfd.unified_users (id),
  achievement text NOT NULL,
  unlocked_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, achievement)
);

COMMENT ON TABLE ttfd.user_achievements IS 'Which achievements are settled for whom. unified_users.achievements shows them, beside those of legacy systems.';

CREATE TABLE ttfd.achievement_scan (
  is_only      boolean PRIMARY KEY DEFAULT true CONSTRAINT achievement_scan_one_row CHECK (is_only),
  next_user_id bigint
) WITH (fillfactor = 10);

COMMENT ON TABLE ttfd.achievement_scan IS 'How far unlock_achievements has come. Its row lock makes one scan at a time.';
COMMENT ON COLUMN ttfd.achievement_scan.next_user_id IS 'Members from this id on have not been looked at since achievements were changed; NULL when all have.';

INSERT INTO ttfd.achievement_scan DEFAULT VALUES;

CREATE TABLE ttfd.season_settings (
  is_only      boolean PRIMARY KEY DEFAULT true CONSTRAINT season_settings_one_row CHECK (is_only),
  is_automatic boolean NOT NULL DEFAULT true,
  length       interval NOT NULL DEFAULT '30 days' CONSTRAINT season_settings_length_a_day_or_more
    CHECK (length >= INTERVAL '1 day'),
  grace        interval NOT NULL DEFAULT '5 minutes' CONSTRAINT season_settings_grace_not_negative
    CHECK (grace >= INTERVAL '0')
);

COMMENT ON TABLE ttfd.season_settings IS 'How seasons follow each other. A change is audited.';
COMMENT ON COLUMN ttfd.season_settings.is_automatic IS 'Whether a season follows when the last one ends.';
COMMENT ON COLUMN ttfd.season_settings.length IS 'How long such a season lasts.';
COMMENT ON COLUMN ttfd.season_settings.grace IS 'For so long after its end a season waits for events that are late.';

INSERT INTO ttfd.season_settings DEFAULT VALUES;

CREATE TABLE ttfd.seasons (
  id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name         text NOT NULL CONSTRAINT seasons_name_length CHECK (name <> '' AND char_length(name) <= 100),
  starts_at    timestamptz NOT NULL,
  ends_at      timestamptz NOT NULL,
  announced_at timestamptz,
  closed_at    timestamptz,
  CONSTRAINT seasons_times_finite CHECK (isfinite(starts_at) AND isfinite(ends_at)),
  CONSTRAINT seasons_do_not_overlap EXCLUDE USING gist (tstzrange(starts_at, ends_at) WITH &&)
);

CREATE INDEX seasons_starts_at ON ttfd.seasons (starts_at);

COMMENT ON TABLE ttfd.seasons IS 'A time in which members compete anew. One season at a time.';
COMMENT ON COLUMN ttfd.seasons.ends_at IS 'The first moment that does not belong to it.';
COMMENT ON COLUMN ttfd.seasons.announced_at IS 'When its beginning was told (event season_started).';
COMMENT ON COLUMN ttfd.seasons.closed_at IS 'When its results were settled.';

CREATE TABLE ttfd.season_scores (
  user_id    bigint NOT NULL,
  season_id  integer NOT NULL,
  xp         bigint NOT NULL,
  reached_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, season_id)
);

COMMENT ON TABLE ttfd.season_scores IS 'What counts for a season that is not closed yet, in addition to season_xp of its members: scores of those who play the next one already, and late events.';

CREATE TABLE ttfd.season_rewards (
  id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  season_id  integer REFERENCES ttfd.seasons (id),
  from_place integer NOT NULL CONSTRAINT season_rewards_from_place_positive CHECK (from_place > 0),
  to_place   integer NOT NULL,
  xp         bigint NOT NULL DEFAULT 0 CONSTRAINT season_rewards_xp_in_range CHECK (xp BETWEEN 0 AND 1000000000),
  coins      bigint NOT NULL DEFAULT 0 CONSTRAINT season_rewards_coins_in_range CHECK (coins BETWEEN 0 AND 1000000000),
  CONSTRAINT season_rewards_places_in_order CHECK (from_place <= to_place),
  CONSTRAINT season_rewards_one_per_place UNIQUE NULLS NOT DISTINCT (season_id, from_place)
);

COMMENT ON TABLE ttfd.season_rewards IS 'What places earn. Where ranges overlap, the one that begins last counts. A change is audited.';
COMMENT ON COLUMN ttfd.season_rewards.season_id IS 'NULL for every season that has no rows of its own.';

INSERT INTO ttfd.season_rewards (from_place, to_place, xp, coins) VALUES
  (1, 1, 5000, 1000),
  (2, 3, 3000, 500),
  (4, 10, 2000, 300),
  (11, 50, 1000, 150);

CREATE TABLE ttfd.season_results (
  season_id  integer NOT NULL REFERENCES ttfd.seasons (id),
  place      bigint NOT NULL,
  user_id    bigint NOT NULL REFERENCES ttfd.unified_users (id),
  xp         bigint NOT NULL,
  reached_at timestamptz NOT NULL,
  reward_xp  bigint NOT NULL,
  reward_coins bigint NOT NULL,
  PRIMARY KEY (season_id, place),
  UNIQUE (user_id, season_id)
);

COMMENT ON TABLE ttfd.season_results IS 'How seasons ended, for ever. user_id is the member at the time, who may have been merged since.';

-- Paid through the queue like anything else that is stated: the batch locks members in order, and follows who was merged.
INSERT INTO ttfd.event_types (name, stated_xp_max, stated_coins_max, is_admin_only, is_boostable)
VALUES ('season_reward', 1000000000, 1000000000, true, false);

INSERT INTO ttfd.event_type_versions SELECT t.*, '-infinity' FROM ttfd.event_types t WHERE t.name = 'season_reward';

CREATE TABLE ttfd.role_rewards (
  id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  platform     text NOT NULL REFERENCES ttfd.platforms (name) ON UPDATE CASCADE,
  role_id      text NOT NULL CONSTRAINT role_rewards_role_id_length CHECK (role_id <> '' AND char_length(role_id) <= 100),
  rank_id      smallint,
  last_rank_id smallint,
  achievement  text,
  CONSTRAINT role_rewards_for_one_thing CHECK ((rank_id IS NULL) <> (achievement IS NULL)),
  CONSTRAINT role_rewards_ranks_in_order CHECK (last_rank_id >= rank_id)
);

CREATE INDEX role_rewards_platform ON ttfd.role_rewards (platform);

COMMENT ON TABLE ttfd.role_rewards IS 'Roles that a platform''s bot gives to members for a rank or an achievement. Bots give and take no other role. A change is audited.';
COMMENT ON COLUMN ttfd.role_rewards.rank_id IS 'The role goes with this rank and those above.';
COMMENT ON COLUMN ttfd.role_rewards.last_rank_id IS 'Up to this rank; NULL for all above.';

CREATE TABLE ttfd.removed_roles (
  platform    text NOT NULL,
  external_id text NOT NULL,
  role_id     text NOT NULL,
  removed_at  timestamptz NOT NULL,
  PRIMARY KEY (platform, external_id, role_id)
);

COMMENT ON TABLE ttfd.removed_roles IS 'Roles that a person has taken from somebody by hand: bots do not give them again.';

CREATE TABLE ttfd.given_roles (
  platform    text NOT NULL,
  external_id text NOT NULL,
  role_id     text NOT NULL,
  given_at    timestamptz NOT NULL,
  PRIMARY KEY (platform, external_id, role_id)
);

COMMENT ON TABLE ttfd.given_roles IS 'Roles that an account has because it ought to. One that is missing although it is here was taken by hand; one that is here without an account is taken back.';

GRANT SELECT, INSERT, UPDATE, DELETE ON ttfd.achievements, ttfd.season_rewards, ttfd.role_rewards TO ttfd_admin;
GRANT SELECT, UPDATE ON ttfd.season_settings TO ttfd_admin;
GRANT SELECT ON ttfd.seasons TO ttfd_admin;

RESET ROLE;
