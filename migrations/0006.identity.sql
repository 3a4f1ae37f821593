-- Codes that link two accounts, failed attempts with them, and the journal of merges.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- One row an account: a new code takes the place of the old one, which is void from then on.
CREATE TABLE ttfd.link_codes (
  platform     text NOT NULL,
  external_id  text NOT NULL,
  code_hash    bytea NOT NULL UNIQUE,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL CONSTRAINT link_codes_expires_after_its_start CHECK (expires_at > created_at),
  used_at      timestamptz,
  issued       integer NOT NULL DEFAULT 1,
  issued_since timestamptz NOT NULL,
  PRIMARY KEY (platform, external_id),
  FOREIGN KEY (platform, external_id) REFERENCES ttfd.platform_accounts (platform, external_id)
    ON UPDATE CASCADE ON DELETE CASCADE
);

COMMENT ON TABLE ttfd.link_codes IS 'The last link code of each account that asked for one. The code itself is not kept.';
COMMENT ON COLUMN ttfd.link_codes.code_hash IS 'SHA-256 of the code in its canonical form.';
COMMENT ON COLUMN ttfd.link_codes.issued IS 'Codes that the account was given since issued_since.';

CREATE TABLE ttfd.link_failures (
  platform     text NOT NULL,
  account_hash bytea NOT NULL,
  failed_at    timestamptz NOT NULL,
  is_guess     boolean NOT NULL
);

CREATE INDEX link_failures_account ON ttfd.link_failures (account_hash, failed_at);
CREATE INDEX link_failures_platform ON ttfd.link_failures (platform, failed_at) WHERE is_guess;
CREATE INDEX link_failures_failed_at ON ttfd.link_failures (failed_at);

COMMENT ON TABLE ttfd.link_failures IS 'Link codes that were not accepted lately: too many lock an account, or a platform.';
COMMENT ON COLUMN ttfd.link_failures.account_hash IS 'SHA-256 of who tried: enough for counting.';
COMMENT ON COLUMN ttfd.link_failures.is_guess IS 'Whether no account ever had such a code: a used or expired one is no guess.';

CREATE TABLE ttfd.user_merges (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  into_id      bigint NOT NULL REFERENCES ttfd.unified_users (id),
  from_id      bigint NOT NULL REFERENCES ttfd.unified_users (id),
  reason       text,
  merged_at    timestamptz NOT NULL,
  undone_at    timestamptz,
  into_before  jsonb NOT NULL,
  into_after   jsonb,
  from_before  jsonb NOT NULL,
  accounts     jsonb NOT NULL,
  signposts    bigint[] NOT NULL,
  boosts       bigint[] NOT NULL,
  purchases    uuid[] NOT NULL,
  kept_windows jsonb NOT NULL,
  progress     jsonb,
  CONSTRAINT user_merges_of_two CHECK (into_id <> from_id)
);

CREATE INDEX user_merges_into ON ttfd.user_merges (into_id);
CREATE INDEX user_merges_from ON ttfd.user_merges (from_id);

COMMENT ON TABLE ttfd.user_merges IS 'Journal of merges: all that undo_merge needs. Holds no names and no external ids.';
COMMENT ON COLUMN ttfd.user_merges.into_before IS 'The survivor before the merge; into_after is the same user right after it.';
COMMENT ON COLUMN ttfd.user_merges.accounts IS 'Platforms, link methods and times of the accounts that moved.';
COMMENT ON COLUMN ttfd.user_merges.signposts IS 'Users who had been merged into the one that went, and were pointed on.';
COMMENT ON COLUMN ttfd.user_merges.boosts IS 'Boosts that moved, as did purchases.';
COMMENT ON COLUMN ttfd.user_merges.progress IS 'Scores of seasons and achievements that moved: see carry_progress.';
COMMENT ON COLUMN ttfd.user_merges.kept_windows IS 'Cooldown windows in which both had earned: they stay with the survivor.';

RESET ROLE;
