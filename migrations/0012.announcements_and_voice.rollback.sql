SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.voice_sessions, ttfd.announcement_cursors;
