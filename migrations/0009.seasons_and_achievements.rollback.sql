SET LOCAL lock_timeout = '10s';

DELETE FROM ttfd.event_type_versions WHERE name = 'season_reward';

DELETE FROM ttfd.event_types WHERE name = 'season_reward';

DROP TABLE ttfd.given_roles, ttfd.removed_roles, ttfd.role_rewards, ttfd.season_results, ttfd.season_rewards, ttfd.season_scores,
           ttfd.seasons, ttfd.season_settings, ttfd.achievement_scan, ttfd.user_achievements, ttfd.achievements;
