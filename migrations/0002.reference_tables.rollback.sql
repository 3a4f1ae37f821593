SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.event_types, ttfd.ranks, ttfd.platforms;
