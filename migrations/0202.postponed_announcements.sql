-- What one chat does not take waits here, so that it holds up nobody else. No chat and no text: the event says whom and what.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

CREATE TABLE ttfd.postponed_announcements (
  platform text NOT NULL REFERENCES ttfd.platforms (name) ON UPDATE CASCADE,
  position bigint NOT NULL,
  epoch    uuid NOT NULL,
  failures integer NOT NULL,
  due_at   timestamptz NOT NULL,
  PRIMARY KEY (platform, position)
);

COMMENT ON TABLE ttfd.postponed_announcements IS
  'Feed positions that a platform did not take although it took others. Kept by postpone_announcement.';
COMMENT ON COLUMN ttfd.postponed_announcements.failures IS 'How often, counted only when another was taken afterwards.';

RESET ROLE;
