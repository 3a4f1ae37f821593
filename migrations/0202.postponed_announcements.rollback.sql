SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.postponed_announcements;
