-- Generated from sql/triggers by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP TRIGGER note_change ON ttfd.unified_users;
DROP FUNCTION ttfd.unified_users__note_change();

DROP TRIGGER list ON ttfd.unified_users;
DROP TRIGGER list_inserted ON ttfd.unified_users;
DROP FUNCTION ttfd.unified_users__list();

DROP TRIGGER keep_standings_inserted ON ttfd.unified_users;
DROP TRIGGER keep_standings_updated ON ttfd.unified_users;
DROP TRIGGER keep_standings_deleted ON ttfd.unified_users;
DROP FUNCTION ttfd.unified_users__keep_standings();

DROP TRIGGER keep_standing ON ttfd.unified_users;
DROP FUNCTION ttfd.unified_users__keep_standing();

DROP TRIGGER follow_rank ON ttfd.unified_users;
DROP TRIGGER take_rank ON ttfd.unified_users;
DROP FUNCTION ttfd.unified_users__follow_rank();

DROP TRIGGER audit ON ttfd.shop_items;
DROP FUNCTION ttfd.shop_items__audit();

DROP TRIGGER audit ON ttfd.season_settings;
DROP FUNCTION ttfd.season_settings__audit();

DROP TRIGGER audit ON ttfd.season_rewards;
DROP FUNCTION ttfd.season_rewards__audit();

DROP TRIGGER audit ON ttfd.role_rewards;
DROP FUNCTION ttfd.role_rewards__audit();

DROP TRIGGER rerank_users ON ttfd.ranks;
DROP FUNCTION ttfd.ranks__rerank_users();

DROP TRIGGER recall ON ttfd.platform_accounts;
DROP FUNCTION ttfd.platform_accounts__recall();

DROP TRIGGER project_insert ON ttfd.platform_accounts;
DROP TRIGGER project_update ON ttfd.platform_accounts;
DROP TRIGGER project_delete ON ttfd.platform_accounts;
DROP FUNCTION ttfd.platform_accounts__project();

DROP TRIGGER keep_last_delete ON ttfd.platform_accounts;
DROP TRIGGER keep_last_update ON ttfd.platform_accounts;
DROP FUNCTION ttfd.platform_accounts__keep_last();

DROP TRIGGER end_sessions_of_both ON ttfd.platform_accounts;
DROP TRIGGER end_sessions ON ttfd.platform_accounts;
DROP FUNCTION ttfd.platform_accounts__end_sessions();

DROP TRIGGER keep_versions ON ttfd.event_types;
DROP FUNCTION ttfd.event_types__keep_versions();

DROP TRIGGER ring ON ttfd.cross_platform_events;
DROP TRIGGER ring ON ttfd.cross_platform_events_pending;
DROP FUNCTION ttfd.cross_platform_events__ring();

DROP TRIGGER audit ON ttfd.boosts;
DROP FUNCTION ttfd.boosts__audit();

DROP TRIGGER recheck ON ttfd.achievements;
DROP FUNCTION ttfd.achievements__recheck();
