SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.audit_log, ttfd.boosts, ttfd.event_type_versions, ttfd.event_types, ttfd.ranks, ttfd.platforms;
