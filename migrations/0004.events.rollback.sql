SET LOCAL lock_timeout = '10s';

DROP TYPE ttfd.event_grant, ttfd.speaker, ttfd.sent_event, ttfd.event_outcome;

DROP TABLE ttfd.compacted_events, ttfd.failed_events, ttfd.award_windows, ttfd.doorbell, ttfd.feed_head, ttfd.cross_platform_events;
