-- What stays of a forgotten member. See docs/adr/0010-forgetting.md.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Without the key the digests below could be computed by anybody who has a list of ids.
CREATE TABLE ttfd.forgetting_key (
  is_only boolean PRIMARY KEY DEFAULT true CONSTRAINT forgetting_key_one_row CHECK (is_only),
  key     bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);

COMMENT ON TABLE ttfd.forgetting_key IS 'The secret of this database that the digests of forgotten accounts are made with.';

INSERT INTO ttfd.forgetting_key DEFAULT VALUES;

CREATE TABLE ttfd.forgotten_accounts (
  account_digest bytea PRIMARY KEY,
  limits         jsonb NOT NULL,
  forgotten_at   timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL
);

CREATE INDEX forgotten_accounts_expires_at ON ttfd.forgotten_accounts (expires_at);

COMMENT ON TABLE ttfd.forgotten_accounts IS 'For a while, what a platform account must not get twice if it comes back. It says neither who that was nor which member.';
COMMENT ON COLUMN ttfd.forgotten_accounts.limits IS 'See collect_limits.';

RESET ROLE;
