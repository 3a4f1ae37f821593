-- Legacy data on its way to becoming members. Rows of a finished run that were accepted are deleted again.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

CREATE TABLE ttfd.import_runs (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  label            text NOT NULL,
  status           text NOT NULL DEFAULT 'loading' CHECK (status IN ('loading', 'unified')),
  started_at       timestamptz NOT NULL DEFAULT now(),
  finished_at      timestamptz,
  report           jsonb
);

COMMENT ON TABLE ttfd.import_runs IS 'One row an import, with its report.';

CREATE TABLE ttfd.import_sources (
  run_id    bigint NOT NULL REFERENCES ttfd.import_runs (id) ON DELETE CASCADE,
  source    text NOT NULL,
  preset    text NOT NULL,
  origin    text NOT NULL REFERENCES ttfd.platforms (name),
  identity  text NOT NULL,
  time_zone text NOT NULL DEFAULT 'UTC',
  PRIMARY KEY (run_id, source)
);

COMMENT ON TABLE ttfd.import_sources IS 'What a run reads.';
COMMENT ON COLUMN ttfd.import_sources.origin IS 'Which program kept the data.';
COMMENT ON COLUMN ttfd.import_sources.identity IS 'Fingerprint of the physical data: equal for two sources that are one.';
COMMENT ON COLUMN ttfd.import_sources.time_zone IS 'Zone of time stamps that name none.';

CREATE TABLE ttfd.import_rows (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id        bigint NOT NULL REFERENCES ttfd.import_runs (id) ON DELETE CASCADE,
  source        text NOT NULL,
  part          text NOT NULL,
  source_key    text NOT NULL,
  platform      text NOT NULL,
  record        jsonb,
  reject_reason text
);

CREATE INDEX import_rows_run ON ttfd.import_rows (run_id);

COMMENT ON TABLE ttfd.import_rows IS 'Legacy records with canonical field names and values as found, written by COPY.';
COMMENT ON COLUMN ttfd.import_rows.part IS 'Which part of the source: an account has at most one row in each.';
COMMENT ON COLUMN ttfd.import_rows.source_key IS 'Where the record stands, for people.';
COMMENT ON COLUMN ttfd.import_rows.reject_reason IS 'Why the record was not imported.';

-- What each part of a legacy account has contributed so far: a further run adds the difference, and one that leaves a part
-- out leaves it as it is.
CREATE TABLE ttfd.import_balances (
  origin           text NOT NULL,
  part             text NOT NULL,
  platform         text NOT NULL,
  external_id      text NOT NULL,
  user_id          bigint NOT NULL REFERENCES ttfd.unified_users (id),
  run_id           bigint NOT NULL REFERENCES ttfd.import_runs (id),
  xp               bigint NOT NULL,
  coins            bigint NOT NULL,
  games_played     bigint NOT NULL,
  games_won        bigint NOT NULL,
  total_voice_time bigint NOT NULL,
  messages_sent    bigint NOT NULL,
  PRIMARY KEY (origin, part, platform, external_id)
);

CREATE INDEX import_balances_user ON ttfd.import_balances (user_id);

COMMENT ON TABLE ttfd.import_balances IS 'What each legacy account has contributed so far.';
COMMENT ON COLUMN ttfd.import_balances.run_id IS 'The last run that changed the row.';

CREATE TABLE ttfd.import_conflicts (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id      bigint NOT NULL REFERENCES ttfd.import_runs (id) ON DELETE CASCADE,
  reason      text NOT NULL,
  source      text,
  source_key  text,
  platform    text NOT NULL,
  external_id text NOT NULL,
  username    text,
  candidates  jsonb NOT NULL DEFAULT '[]',
  settled_at  timestamptz,
  settlement  text
);

CREATE INDEX import_conflicts_run ON ttfd.import_conflicts (run_id);

COMMENT ON TABLE ttfd.import_conflicts IS 'What an import could not decide; a person settles it.';

-- Working tables of a run, emptied at its end.
CREATE UNLOGGED TABLE ttfd.import_accounts (
  run_id           bigint NOT NULL,
  origin           text NOT NULL,
  part             text NOT NULL,
  platform         text NOT NULL,
  external_id      text NOT NULL,
  source           text NOT NULL,
  source_key       text NOT NULL,
  username         text,
  display_name     text,
  telegram_id      text,
  discord_id       text,
  website_email    text,
  xp               bigint NOT NULL,
  coins            bigint NOT NULL,
  games_played     bigint NOT NULL,
  games_won        bigint NOT NULL,
  total_voice_time bigint NOT NULL,
  messages_sent    bigint NOT NULL,
  daily_streak     integer NOT NULL,
  last_daily       date,
  achievements     text[] NOT NULL,
  created_at       timestamptz,
  last_active      timestamptz,
  user_id          bigint,
  new_xp           bigint,
  new_coins        bigint,
  new_games_played bigint,
  new_games_won    bigint,
  new_voice_time   bigint,
  new_messages     bigint,
  PRIMARY KEY (run_id, origin, part, platform, external_id)
);

COMMENT ON TABLE ttfd.import_accounts IS 'Accepted rows of the run at work, one for each part of a legacy account (profile, voice).';
COMMENT ON COLUMN ttfd.import_accounts.user_id IS 'The member it goes to.';
COMMENT ON COLUMN ttfd.import_accounts.new_xp IS 'What it has gained since the run before, as have the other columns in new_.';

CREATE UNLOGGED TABLE ttfd.import_identities (
  run_id       bigint NOT NULL,
  platform     text NOT NULL,
  external_id  text NOT NULL,
  person       bigint NOT NULL,
  home         bigint NOT NULL,
  user_id      bigint,
  username     text,
  display_name text,
  source       text,
  source_key   text,
  linked_at    timestamptz,
  link_method  text NOT NULL DEFAULT 'import_id',
  PRIMARY KEY (run_id, platform, external_id)
);

COMMENT ON TABLE ttfd.import_identities IS 'Platform accounts that the run at work knows of, grouped into persons.';
COMMENT ON COLUMN ttfd.import_identities.person IS 'Equal for accounts that the run takes for one person.';
COMMENT ON COLUMN ttfd.import_identities.home IS 'The person before any link of this run was followed.';
COMMENT ON COLUMN ttfd.import_identities.source_key IS 'Where its first record stands; NULL for an account that no record of the run is about.';
COMMENT ON COLUMN ttfd.import_identities.user_id IS 'The member who owns the account already, if any.';

CREATE UNLOGGED TABLE ttfd.import_links (
  run_id         bigint NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('id', 'username')),
  platform       text NOT NULL,
  external_id    text NOT NULL,
  to_platform    text NOT NULL,
  to_external_id text NOT NULL,
  is_new         boolean NOT NULL,
  is_refused     boolean NOT NULL DEFAULT false,
  PRIMARY KEY (run_id, kind, platform, external_id, to_platform, to_external_id)
);

COMMENT ON TABLE ttfd.import_links IS 'Pairs of accounts that the run at work takes for one person, unless refused.';
COMMENT ON COLUMN ttfd.import_links.is_new IS 'Whether the two were not known to be one person before.';

GRANT INSERT (run_id, source, preset, origin, identity, time_zone) ON ttfd.import_sources TO ttfd_admin;
GRANT INSERT (run_id, source, part, source_key, platform, record, reject_reason) ON ttfd.import_rows TO ttfd_admin;

RESET ROLE;
