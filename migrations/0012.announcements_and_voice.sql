-- What bots would otherwise have to remember themselves: what they have announced, and who is in voice.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

CREATE TABLE ttfd.announcement_cursors (
  platform     text PRIMARY KEY REFERENCES ttfd.platforms (name) ON UPDATE CASCADE,
  position     bigint NOT NULL,
  epoch        uuid NOT NULL,
  reader       uuid NOT NULL,
  leased_until timestamptz NOT NULL
);

COMMENT ON TABLE ttfd.announcement_cursors IS 'How far into the feed each platform has announced what happened to its members.';
COMMENT ON COLUMN ttfd.announcement_cursors.reader IS 'The process that announces: no other does before leased_until.';

CREATE TABLE ttfd.voice_sessions (
  platform     text NOT NULL,
  external_id  text NOT NULL,
  session_id   text NOT NULL,
  channel_id   text NOT NULL,
  slice_id     uuid NOT NULL UNIQUE,
  is_idle      boolean NOT NULL,
  seconds      numeric NOT NULL DEFAULT 0 CONSTRAINT voice_sessions_seconds_not_negative CHECK (seconds >= 0),
  idle_seconds numeric NOT NULL DEFAULT 0,
  seen_at      timestamptz NOT NULL,
  PRIMARY KEY (platform, external_id),
  FOREIGN KEY (platform, external_id) REFERENCES ttfd.platform_accounts (platform, external_id)
    ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT voice_sessions_idle_within_seconds CHECK (idle_seconds BETWEEN 0 AND seconds)
);

CREATE INDEX voice_sessions_channel_id ON ttfd.voice_sessions (platform, channel_id);

COMMENT ON TABLE ttfd.voice_sessions IS 'Who is in voice now, and the time since the last event voice_time. Kept by report_voice.';
COMMENT ON COLUMN ttfd.voice_sessions.session_id IS 'The platform''s own name of the connection: the same after the bot was away means that the member was not.';
COMMENT ON COLUMN ttfd.voice_sessions.slice_id IS 'Id of the event that the time since the last one will be.';
COMMENT ON COLUMN ttfd.voice_sessions.is_idle IS 'Whether time since seen_at earns nothing.';

RESET ROLE;
