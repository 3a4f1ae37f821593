-- Who is logged in to the website, how bots let people in, and who may see its administrators' part.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- A session is also what lets the website act for a member who has no account on its platform: see lock_represented_user.
CREATE TABLE ttfd.website_sessions (
  token_hash bytea PRIMARY KEY CONSTRAINT website_sessions_token_hash_length CHECK (octet_length(token_hash) = 32),
  user_id    bigint NOT NULL REFERENCES ttfd.unified_users (id),
  method     text NOT NULL,
  started_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CONSTRAINT website_sessions_expires_after_its_start CHECK (expires_at > started_at)
);

CREATE INDEX website_sessions_user_id ON ttfd.website_sessions (user_id, started_at);
CREATE INDEX website_sessions_expires_at ON ttfd.website_sessions (expires_at);

COMMENT ON TABLE ttfd.website_sessions IS 'Browsers that are logged in. The token is in the browser''s cookie and nowhere else.';
COMMENT ON COLUMN ttfd.website_sessions.token_hash IS 'SHA-256 of the token.';
COMMENT ON COLUMN ttfd.website_sessions.method IS 'The platform whose login it was.';

-- One row an account: a new link takes the place of the old one.
CREATE TABLE ttfd.login_links (
  platform     text NOT NULL,
  external_id  text NOT NULL,
  token_hash   bytea NOT NULL UNIQUE,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL CONSTRAINT login_links_expires_after_its_start CHECK (expires_at > created_at),
  used_at      timestamptz,
  issued       integer NOT NULL DEFAULT 1,
  issued_since timestamptz NOT NULL,
  PRIMARY KEY (platform, external_id),
  FOREIGN KEY (platform, external_id) REFERENCES ttfd.platform_accounts (platform, external_id)
    ON UPDATE CASCADE ON DELETE CASCADE
);

COMMENT ON TABLE ttfd.login_links IS 'The last login link of each account that asked its bot for one. The link itself is not kept.';
COMMENT ON COLUMN ttfd.login_links.issued IS 'Links that the account was given since issued_since.';

CREATE TABLE ttfd.website_admins (
  user_id    bigint PRIMARY KEY REFERENCES ttfd.unified_users (id),
  granted_at timestamptz NOT NULL
);

COMMENT ON TABLE ttfd.website_admins IS 'Members who may use the administrators'' part of the website. Written by set_website_admin.';

RESET ROLE;
