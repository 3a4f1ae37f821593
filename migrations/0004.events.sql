-- The event log, the feed and what could not be applied.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

CREATE SEQUENCE ttfd.event_seq;

-- Partitioned by "processed": the pending partition is a small hot queue, the processed one an append-only log in
-- feed order. No foreign key to the member: it would lock the member's row at every insert; the batch counts instead.
CREATE TABLE ttfd.cross_platform_events (
  id              uuid NOT NULL,
  -- A transaction has its id before it takes a number: advance_floor builds on that.
  seq             bigint NOT NULL DEFAULT CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('ttfd.event_seq') END,
  user_id         bigint NOT NULL,
  xp              bigint,
  coins           bigint,
  position        bigint,
  occurred_at     timestamptz NOT NULL DEFAULT now(),
  created_at      timestamptz NOT NULL DEFAULT now(),
  processed_at    timestamptz,
  rank_id         smallint,
  processed       boolean NOT NULL DEFAULT false,
  event_type      text NOT NULL,
  source_platform text NOT NULL,
  note            text,
  data            jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (id, processed)
) PARTITION BY LIST (processed);

ALTER SEQUENCE ttfd.event_seq OWNED BY ttfd.cross_platform_events.seq;

CREATE TABLE ttfd.cross_platform_events_pending
  PARTITION OF ttfd.cross_platform_events FOR VALUES IN (false)
  WITH (fillfactor = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_cost_delay = 0);

-- No CHECK of the whole table: a single insert would spend more time on parsing it than on the row.
CREATE TABLE ttfd.cross_platform_events_processed
  PARTITION OF ttfd.cross_platform_events (xp NOT NULL, coins NOT NULL, position NOT NULL) FOR VALUES IN (true)
  WITH (fillfactor = 100);

-- Platforms share 8 lanes, and a batch takes from all of them: a flood on one does not hold up the others.
CREATE INDEX cross_platform_events_pending_lanes
  ON ttfd.cross_platform_events_pending ((pg_catalog.hashtext(source_platform) & 7), seq);

CREATE UNIQUE INDEX cross_platform_events_processed_position ON ttfd.cross_platform_events_processed (position);

CREATE INDEX cross_platform_events_processed_history ON ttfd.cross_platform_events_processed (user_id, position);

COMMENT ON TABLE ttfd.cross_platform_events IS 'Everything that happened, once. Processed rows are the ledger and the feed.';
COMMENT ON COLUMN ttfd.cross_platform_events.id IS 'Idempotency key, chosen by the sender.';
COMMENT ON COLUMN ttfd.cross_platform_events.seq IS 'Order of arrival, with gaps. Not the feed order: that is position.';
COMMENT ON COLUMN ttfd.cross_platform_events.xp IS 'XP that was really granted; NULL while the event waits.';
COMMENT ON COLUMN ttfd.cross_platform_events.coins IS 'Coins that were really granted; NULL while the event waits.';
COMMENT ON COLUMN ttfd.cross_platform_events.position IS 'Place in the feed: no gaps, and in commit order.';
COMMENT ON COLUMN ttfd.cross_platform_events.occurred_at IS 'When it happened: cooldowns and caps go by this.';
COMMENT ON COLUMN ttfd.cross_platform_events.rank_id IS 'Rank newly reached by an event that was applied at once.';
COMMENT ON COLUMN ttfd.cross_platform_events.note IS 'Why less was granted than the event might have earned.';

CREATE TABLE ttfd.feed_head (
  is_only  boolean PRIMARY KEY DEFAULT true CONSTRAINT feed_head_one_row CHECK (is_only),
  position bigint NOT NULL DEFAULT 0,
  last_seq bigint NOT NULL DEFAULT 0,
  floor_seq bigint NOT NULL DEFAULT 0,
  next_floor_seq bigint NOT NULL DEFAULT 0,
  next_floor_xid xid8 NOT NULL DEFAULT '0',
  compacted_to bigint NOT NULL DEFAULT 0,
  settled_to bigint NOT NULL DEFAULT 0,
  epoch    uuid NOT NULL DEFAULT gen_random_uuid()
) WITH (fillfactor = 10);

COMMENT ON TABLE ttfd.feed_head IS 'Last position of the feed. Its row lock makes one processor at a time.';
COMMENT ON COLUMN ttfd.feed_head.last_seq IS 'Nothing that was seen waits up to this seq: from here on the doorbell looks whether somebody waits.';
COMMENT ON COLUMN ttfd.feed_head.floor_seq IS 'Nothing can wait up to this seq any more: from here on a batch looks for work, past rows that are dead.';
COMMENT ON COLUMN ttfd.feed_head.next_floor_seq IS 'The next floor, once every transaction before next_floor_xid has ended.';
COMMENT ON COLUMN ttfd.feed_head.compacted_to IS 'Up to this position the feed holds opening balances in the place of many events.';
COMMENT ON COLUMN ttfd.feed_head.settled_to IS 'Up to this position standings knows what happened.';
COMMENT ON COLUMN ttfd.feed_head.epoch IS 'Changes when the database is restored from a backup: a consumer that sees another epoch starts afresh.';

INSERT INTO ttfd.feed_head DEFAULT VALUES;

CREATE TABLE ttfd.doorbell (
  is_only      boolean PRIMARY KEY DEFAULT true CONSTRAINT doorbell_one_row CHECK (is_only),
  silent_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 10);

COMMENT ON TABLE ttfd.doorbell IS 'Whether a new event rings ttfd_events.';
COMMENT ON COLUMN ttfd.doorbell.silent_until IS 'A worker has promised to look at the queue by then.';

INSERT INTO ttfd.doorbell DEFAULT VALUES;

-- One row for each window that has earned something: a cooldown is a window that is awarded once, a daily cap a day
-- whose XP is limited. Late events find the window in which they happened.
CREATE TABLE ttfd.award_windows (
  user_id    bigint NOT NULL,
  starts_at  timestamptz NOT NULL,
  xp         bigint NOT NULL,
  is_daily   boolean NOT NULL,
  event_type text NOT NULL,
  PRIMARY KEY (user_id, event_type, is_daily, starts_at)
) WITH (fillfactor = 70);

-- For purge_expired: rows come in the order of their time, more or less, so old ones are in a few pages.
CREATE INDEX award_windows_starts_at ON ttfd.award_windows USING brin (starts_at) WITH (autosummarize = on);

COMMENT ON TABLE ttfd.award_windows IS 'Windows in which a member has earned something of a type. Those of event types and of work are aligned to the clock (UTC); that of a game begins when it is played.';
COMMENT ON COLUMN ttfd.award_windows.event_type IS 'An event type, or work, or a game as game:name; no event type can be called so.';
COMMENT ON COLUMN ttfd.award_windows.is_daily IS 'A UTC day, for the daily cap; otherwise a window of the cooldown.';
COMMENT ON COLUMN ttfd.award_windows.xp IS 'XP earned in the window.';

CREATE TABLE ttfd.failed_events (
  id              uuid PRIMARY KEY,
  seq             bigint NOT NULL,
  user_id         bigint NOT NULL,
  event_type      text NOT NULL,
  source_platform text NOT NULL,
  data            jsonb NOT NULL,
  occurred_at     timestamptz NOT NULL,
  created_at      timestamptz NOT NULL,
  failed_at       timestamptz NOT NULL DEFAULT now(),
  sqlstate        text NOT NULL,
  message         text NOT NULL,
  discarded_at    timestamptz,
  discard_reason  text,
  CONSTRAINT failed_events_discarded_with_a_reason CHECK ((discarded_at IS NULL) = (discard_reason IS NULL))
);

COMMENT ON TABLE ttfd.failed_events IS 'Events that cannot be applied as they are. Nothing of them was granted.';
COMMENT ON COLUMN ttfd.failed_events.discarded_at IS 'When somebody decided that it never will be applied; its id stays known.';

-- What apply_event has to know of the member.
CREATE TYPE ttfd.speaker AS (
  id              bigint,
  xp              bigint,
  coins           bigint,
  next_rank_xp    bigint,
  highest_rank_id smallint,
  season_id       integer,
  rule            ttfd.event_type_versions
);

COMMENT ON TYPE ttfd.speaker IS 'A member who is locked for an event of a platform account, and the rule of the event type.';

CREATE TYPE ttfd.event_grant AS (
  xp             bigint,
  coins          bigint,
  note           text,
  cooldown_start timestamptz,
  day_start      timestamptz,
  messages       integer,
  voice_seconds  bigint,
  games          integer,
  wins           integer,
  is_small       boolean
);

COMMENT ON TYPE ttfd.event_grant IS 'What one event earns, the windows it uses, the counters it moves, and whether it is no more than a count of messages.';

-- What record_event, record_events, apply_event and every later granting function answer.
CREATE TYPE ttfd.event_outcome AS (
  event_id    uuid,
  user_id     bigint,
  status      text,
  xp          bigint,
  coins       bigint,
  note        text,
  total_xp    bigint,
  total_coins bigint,
  rank_id     smallint,
  rank_up     boolean
);

COMMENT ON TYPE ttfd.event_outcome IS 'Answer to an event: status is queued, applied or duplicate; xp and coins are what it was granted, NULL while it waits; totals and rank are the member''s at the moment of the answer.';

-- One element of what record_events is given.
CREATE TYPE ttfd.sent_event AS (
  ordinal     bigint,
  event_id    uuid,
  platform    text,
  external_id text,
  event_type  text,
  data        jsonb,
  occurred_at timestamptz
);

COMMENT ON TYPE ttfd.sent_event IS 'One element of the array that record_events takes; ordinal is its place, from 1.';

-- What is left of an event that was compacted: its id, so that a late resend still counts once.
CREATE TABLE ttfd.compacted_events (
  id uuid PRIMARY KEY
);

COMMENT ON TABLE ttfd.compacted_events IS 'Ids of events that compact_events has replaced by opening balances.';

RESET ROLE;
