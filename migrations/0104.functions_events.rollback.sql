-- Generated from sql/functions/events by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP FUNCTION ttfd.take_announcements(text, uuid, integer);

DROP FUNCTION ttfd.silence_doorbell(interval);

DROP FUNCTION ttfd.retry_failed_event(uuid);

DROP FUNCTION ttfd.report_voice(text, text, boolean, jsonb, double precision);

DROP FUNCTION ttfd.record_events(jsonb);

DROP FUNCTION ttfd.record_event(uuid, text, text, text, jsonb);

DROP FUNCTION ttfd.read_feed(bigint, text[], integer);

DROP FUNCTION ttfd.process_events(integer);

DROP FUNCTION ttfd.list_failed_events(integer);

DROP FUNCTION ttfd.get_feed_head();

DROP FUNCTION ttfd.feed_state();

DROP FUNCTION ttfd.discard_failed_event(uuid, text);

DROP FUNCTION ttfd.confirm_announcements(text, uuid, bigint);

DROP FUNCTION ttfd.compact_events(timestamptz);

DROP FUNCTION ttfd.close_stale_voice(text);

DROP FUNCTION ttfd.apply_event(uuid, text, text, text, jsonb);
