-- What the original system keeps, and the statements of its worker and of its update_xp run on.
CREATE SCHEMA IF NOT EXISTS original;

CREATE TABLE original.unified_users (
  id            bigint PRIMARY KEY,
  username      text,
  xp            integer NOT NULL DEFAULT 0,
  coins         integer NOT NULL DEFAULT 0,
  rank_id       integer NOT NULL DEFAULT 1,
  messages_sent integer NOT NULL DEFAULT 0,
  last_active   timestamptz
);

CREATE TABLE original.cross_platform_events (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id         bigint NOT NULL,
  event_type      text NOT NULL,
  source_platform text NOT NULL,
  data            jsonb NOT NULL DEFAULT '{}',
  processed       boolean NOT NULL DEFAULT false,
  created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX ON original.cross_platform_events (processed, created_at);

INSERT INTO original.unified_users (id, username) SELECT u.id, 'member ' || u.id FROM ttfd.unified_users u;

VACUUM ANALYZE original.unified_users;
