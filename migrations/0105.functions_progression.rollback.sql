-- Generated from sql/functions/progression by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP FUNCTION ttfd.unlock_achievements(integer);

DROP FUNCTION ttfd.transfer_coins(uuid, bigint, bigint, bigint);

DROP FUNCTION ttfd.tend_seasons();

DROP FUNCTION ttfd.start_season(text, timestamptz, timestamptz);

DROP FUNCTION ttfd.spend_coins(uuid, bigint, bigint, text);

DROP FUNCTION ttfd.set_time_zone(bigint, text);

DROP FUNCTION ttfd.set_setting(text, jsonb);

DROP FUNCTION ttfd.set_hidden(bigint, boolean);

DROP FUNCTION ttfd.revert_adjustment(uuid, uuid, text);

DROP FUNCTION ttfd.report_role_taken(text, text, text);

DROP FUNCTION ttfd.report_role_restored(text, text, text);

DROP FUNCTION ttfd.report_role_removed(text, text, text);

DROP FUNCTION ttfd.report_role_given(text, text, text);

DROP FUNCTION ttfd.play_game(uuid, text, text, text, integer, bigint, integer);

DROP FUNCTION ttfd.list_shop(bigint);

DROP FUNCTION ttfd.list_settings();

DROP FUNCTION ttfd.list_seasons(integer);

DROP FUNCTION ttfd.list_season_results(integer, bigint, integer);

DROP FUNCTION ttfd.list_neighbours(bigint, text, integer);

DROP FUNCTION ttfd.list_member_roles(bigint, text);

DROP FUNCTION ttfd.list_leaderboard(text, integer, text);

DROP FUNCTION ttfd.list_inventory(bigint);

DROP FUNCTION ttfd.list_history(bigint, bigint, integer);

DROP FUNCTION ttfd.list_games();

DROP FUNCTION ttfd.list_event_types();

DROP FUNCTION ttfd.list_desired_roles(text, text, integer);

DROP FUNCTION ttfd.list_boosts();

DROP FUNCTION ttfd.list_achievements(bigint);

DROP FUNCTION ttfd.get_position(bigint, text);

DROP FUNCTION ttfd.end_boost(bigint);

DROP FUNCTION ttfd.draw_question();

DROP FUNCTION ttfd.close_season(integer);

DROP FUNCTION ttfd.claim_work(uuid, text, text);

DROP FUNCTION ttfd.claim_daily(uuid, text, text);

DROP FUNCTION ttfd.change_event_type(text, jsonb);

DROP FUNCTION ttfd.buy_item(uuid, bigint, text);

DROP FUNCTION ttfd.award(uuid, bigint, bigint, bigint, text);

DROP FUNCTION ttfd.adjust_balance(uuid, bigint, bigint, bigint, text);

DROP FUNCTION ttfd.add_boost(numeric, timestamptz, timestamptz, text[], text[]);
