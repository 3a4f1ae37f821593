-- Legacy data on its way to becoming members. Rows of a finished run that were accepted are deleted again.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

CREATE TABLE ttfd.import_runs (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  label            text NOT NULL,
  status           text NOT NULL DEFAULT 'loading' CONSTRAINT import_runs_status_known
    CHECK (status IN ('loading', 'unified', 'undone')),
  policy           text NOT NULL DEFAULT 'sum',
  started_at       timestamptz NOT NULL DEFAULT now(),
  finished_at      timestamptz,
  undone_at        timestamptz,
  report           jsonb
);

COMMENT ON TABLE ttfd.import_runs IS 'One row an import, with its report.';
COMMENT ON COLUMN ttfd.import_runs.policy IS 'What happens to XP and coins of a person with several accounts: sum, max, or prefer and an origin.';

CREATE TABLE ttfd.import_sources (
  run_id    bigint NOT NULL REFERENCES ttfd.import_runs (id) ON DELETE CASCADE,
  source    text NOT NULL,
  preset    text NOT NULL,
  origin    text NOT NULL CONSTRAINT import_sources_origin_form
    CHECK (origin ~ '^[a-z][a-z0-9_]{1,30}$' AND origin <> 'system'),
  identity  text NOT NULL,
  time_zone text NOT NULL DEFAULT 'UTC',
  PRIMARY KEY (run_id, source)
);

COMMENT ON TABLE ttfd.import_sources IS 'What a run reads.';
COMMENT ON COLUMN ttfd.import_sources.origin IS 'Which program kept the data.';
COMMENT ON COLUMN ttfd.import_sources.identity IS 'Fingerprint of the physical data: equal for two sources that are one.';
COMMENT ON COLUMN ttfd.import_sources.time_zone IS 'Zone of time stamps that name none.';

-- No foreign key, and an index for what stays only: rows come by the million.
CREATE TABLE ttfd.import_rows (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id        bigint NOT NULL,
  source        text NOT NULL,
  part          text NOT NULL,
  source_key    text NOT NULL,
  platform      text NOT NULL,
  record        jsonb,
  reject_reason text
);

CREATE INDEX import_rows_rejected ON ttfd.import_rows (run_id) WHERE reject_reason IS NOT NULL;

COMMENT ON TABLE ttfd.import_rows IS 'Legacy records with canonical field names and values as found, written by COPY.';
COMMENT ON COLUMN ttfd.import_rows.part IS 'Which part of the source: an account has at most one row in each.';
COMMENT ON COLUMN ttfd.import_rows.source_key IS 'Where the record stands, for people.';
COMMENT ON COLUMN ttfd.import_rows.reject_reason IS 'Why the record was not imported.';

-- A further run adds the difference to what earlier ones have given, and one that leaves a part out leaves it as it is.
-- No foreign keys: rows come by the million, and two checks a row would take a third of an import's time.
CREATE TABLE ttfd.import_balances (
  user_id          bigint NOT NULL,
  run_id           bigint NOT NULL,
  xp               bigint NOT NULL,
  coins            bigint NOT NULL,
  games_played     bigint NOT NULL,
  games_won        bigint NOT NULL,
  total_voice_time bigint NOT NULL,
  messages_sent    bigint NOT NULL,
  origin           text NOT NULL,
  part             text NOT NULL,
  platform         text NOT NULL,
  external_id      text NOT NULL,
  PRIMARY KEY (platform, external_id, origin, part, run_id)
);

CREATE INDEX import_balances_user ON ttfd.import_balances (user_id);

COMMENT ON TABLE ttfd.import_balances IS 'What each part of a legacy account has contributed in each run; the sum over the runs is what it holds now.';
COMMENT ON COLUMN ttfd.import_balances.user_id IS 'The member it went to.';

-- What a run found, so that undo_import can put it back.
CREATE TABLE ttfd.import_changes (
  run_id  bigint NOT NULL REFERENCES ttfd.import_runs (id) ON DELETE CASCADE,
  user_id bigint NOT NULL REFERENCES ttfd.unified_users (id),
  before  jsonb NOT NULL,
  after   jsonb,
  PRIMARY KEY (run_id, user_id)
);

CREATE INDEX import_changes_user ON ttfd.import_changes (user_id);

COMMENT ON TABLE ttfd.import_changes IS 'Ranks, streaks, dates and achievements of members who were there before a run, before and after it.';

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

-- Working tables of a run, emptied at its end. No keys: a run fills each of them once and reads it whole. What has a fixed width
-- comes first: it is found without a walk along the row.
CREATE UNLOGGED TABLE ttfd.import_accounts (
  run_id           bigint NOT NULL,
  row_id           bigint NOT NULL,
  xp               bigint,
  coins            bigint,
  games_played     bigint,
  games_won        bigint,
  total_voice_time bigint,
  messages_sent    bigint,
  daily_streak     integer,
  last_daily       date,
  created_at       timestamptz,
  last_active      timestamptz,
  origin           text NOT NULL,
  part             text NOT NULL,
  platform         text NOT NULL,
  external_id      text,
  source           text NOT NULL,
  source_key       text NOT NULL,
  reject_reason    text,
  name             text,
  username         text,
  display_name     text,
  telegram_id      text,
  discord_id       text,
  website_email    text,
  achievements     jsonb
);

COMMENT ON TABLE ttfd.import_accounts IS 'Records of the run at work with their values, one for each part of a legacy account (profile, voice).';
COMMENT ON COLUMN ttfd.import_accounts.row_id IS 'The record in import_rows.';
COMMENT ON COLUMN ttfd.import_accounts.name IS 'The username as it is compared: see fold_name.';
COMMENT ON COLUMN ttfd.import_accounts.reject_reason IS 'Why the record cannot be imported; such rows are soon deleted.';

-- Unlogged as import_accounts is: a crash that empties the one empties the other, and all records are judged again.
CREATE UNLOGGED TABLE ttfd.import_judged (
  run_id bigint PRIMARY KEY,
  row_id bigint NOT NULL
);

COMMENT ON TABLE ttfd.import_judged IS 'Up to which of its import_rows the run at work has been judged.';

CREATE UNLOGGED TABLE ttfd.import_repeated (
  run_id      bigint NOT NULL,
  platform    text NOT NULL,
  external_id text NOT NULL
);

COMMENT ON TABLE ttfd.import_repeated IS 'Accounts that more than one record of the run at work is about.';

CREATE UNLOGGED TABLE ttfd.import_identities (
  run_id       bigint NOT NULL,
  person       bigint NOT NULL,
  row_id       bigint,
  user_id      bigint,
  linked_at    timestamptz,
  platform     text NOT NULL,
  external_id  text NOT NULL,
  name         text,
  username     text,
  display_name text,
  source       text,
  source_key   text,
  link_method  text NOT NULL DEFAULT 'import_id'
);

COMMENT ON TABLE ttfd.import_identities IS 'Platform accounts that the run at work knows of, grouped into persons.';
COMMENT ON COLUMN ttfd.import_identities.person IS 'The member it will belong to: equal for accounts that the run takes for one person.';
COMMENT ON COLUMN ttfd.import_identities.user_id IS 'The member who owns the account already, if any.';
COMMENT ON COLUMN ttfd.import_identities.row_id IS 'Its first record; NULL for an account that no record of the run is about.';

CREATE UNLOGGED TABLE ttfd.import_grants (
  run_id           bigint NOT NULL,
  user_id          bigint NOT NULL,
  xp               bigint NOT NULL,
  coins            bigint NOT NULL,
  owed_xp          bigint NOT NULL DEFAULT 0,
  owed_coins       bigint NOT NULL DEFAULT 0,
  games_played     bigint NOT NULL,
  games_won        bigint NOT NULL,
  total_voice_time bigint NOT NULL,
  messages_sent    bigint NOT NULL,
  daily_streak     integer NOT NULL,
  is_held          boolean NOT NULL DEFAULT false,
  last_daily       date,
  created_at       timestamptz,
  last_active      timestamptz,
  origin           text NOT NULL,
  achievements     text[] NOT NULL
);

COMMENT ON TABLE ttfd.import_grants IS 'What each member gains in the run at work, or gives back to one that is undone, by origin.';
COMMENT ON COLUMN ttfd.import_grants.owed_xp IS 'What should go back and is not there any more, as in owed_coins.';
COMMENT ON COLUMN ttfd.import_grants.is_held IS 'Nothing is granted: a balance would fall below zero.';

CREATE UNLOGGED TABLE ttfd.import_links (
  run_id         bigint NOT NULL,
  person         bigint,
  to_person      bigint,
  is_new         boolean NOT NULL,
  is_refused     boolean NOT NULL DEFAULT false,
  kind           text NOT NULL CONSTRAINT import_links_kind_known CHECK (kind IN ('id', 'username')),
  platform       text NOT NULL,
  external_id    text NOT NULL,
  to_platform    text NOT NULL,
  to_external_id text NOT NULL
);

COMMENT ON TABLE ttfd.import_links IS 'Pairs of accounts that the run at work takes for one person, unless refused.';
COMMENT ON COLUMN ttfd.import_links.person IS 'Whose the two accounts are, this and to_person, before links of this kind are followed.';
COMMENT ON COLUMN ttfd.import_links.is_new IS 'Whether the two were not known to be one person before.';

CREATE UNLOGGED TABLE ttfd.import_groups (
  run_id        bigint NOT NULL,
  home          bigint NOT NULL,
  person        bigint NOT NULL,
  is_refused    boolean NOT NULL DEFAULT false,
  has_two_users boolean NOT NULL DEFAULT false
);

COMMENT ON TABLE ttfd.import_groups IS 'Which persons the links that are being followed make one.';
COMMENT ON COLUMN ttfd.import_groups.home IS 'A person whom a link speaks of.';
COMMENT ON COLUMN ttfd.import_groups.person IS 'The lowest person of the group.';
COMMENT ON COLUMN ttfd.import_groups.is_refused IS 'The group cannot be one member, and falls apart.';

-- sum(bigint) is numeric: six of them for each of a million members take a gigabyte. This one says 22003 where it overflows.
CREATE AGGREGATE ttfd.add_up(bigint) (SFUNC = pg_catalog.int8pl, STYPE = bigint, INITCOND = '0', PARALLEL = SAFE, COMBINEFUNC = pg_catalog.int8pl);

COMMENT ON AGGREGATE ttfd.add_up(bigint) IS 'The sum, as bigint. Raises 22003 when it is beyond.';

GRANT INSERT (run_id, source, preset, origin, identity, time_zone) ON ttfd.import_sources TO ttfd_admin;
GRANT INSERT (run_id, source, part, source_key, platform, record, reject_reason) ON ttfd.import_rows TO ttfd_admin;

RESET ROLE;
