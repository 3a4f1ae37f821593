-- Generated from sql/functions/internal by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP FUNCTION ttfd.was_handled(uuid);

DROP FUNCTION ttfd.walk_scores(text, bigint, timestamptz, bigint, boolean, bigint);

DROP FUNCTION ttfd.walk_board(text, bigint, timestamptz, bigint, boolean, bigint);

DROP FUNCTION ttfd.voice_members(boolean, jsonb);

DROP FUNCTION ttfd.verify_standings();

DROP FUNCTION ttfd.verify_counts();

DROP FUNCTION ttfd.use_link_code(text, text, text);

DROP FUNCTION ttfd.undo_merge_of(bigint, bigint);

DROP FUNCTION ttfd.turn_seasons(timestamptz);

DROP FUNCTION ttfd.trim_name(text);

DROP FUNCTION ttfd.touches_boards(text);

DROP FUNCTION ttfd.tell_member(bigint, text, jsonb, bigint, bigint);

DROP FUNCTION ttfd.take_best(bigint, ttfd.unified_users);

DROP FUNCTION ttfd.take_back_import(bigint);

DROP FUNCTION ttfd.strip_data(jsonb);

DROP FUNCTION ttfd.stated_accounts(text, jsonb);

DROP FUNCTION ttfd.start_of_window(integer, timestamptz);

DROP FUNCTION ttfd.standing_since(timestamptz, boolean, timestamptz, timestamptz);

DROP FUNCTION ttfd.snapshot_user(bigint);

DROP FUNCTION ttfd.shown_seasons();

DROP FUNCTION ttfd.show_import_achievements(bigint);

DROP FUNCTION ttfd.settle_standings(bigint, boolean);

DROP FUNCTION ttfd.settle_season(ttfd.seasons);

DROP FUNCTION ttfd.settle_moves();

DROP FUNCTION ttfd.settle_achievements(bigint[], boolean);

DROP FUNCTION ttfd.season_standings(integer);

DROP FUNCTION ttfd.season_board(integer);

DROP FUNCTION ttfd.schedule_purchase(bigint, ttfd.shop_items);

DROP FUNCTION ttfd.running_season();

DROP FUNCTION ttfd.reverse_merge(ttfd.user_merges);

DROP FUNCTION ttfd.return_transfer_days(bigint, bigint);

DROP FUNCTION ttfd.return_progress(jsonb);

DROP FUNCTION ttfd.return_award_windows(bigint, bigint, jsonb);

DROP FUNCTION ttfd.restore_value(jsonb, jsonb, text, text);

DROP FUNCTION ttfd.restore_limits(bigint, jsonb);

DROP FUNCTION ttfd.restore_best(bigint, ttfd.unified_users, ttfd.unified_users);

DROP FUNCTION ttfd.resolve_user(text, text);

DROP FUNCTION ttfd.resolve_platform(text, text);

DROP FUNCTION ttfd.require_unlinker(text);

DROP FUNCTION ttfd.require_undoable_import(bigint);

DROP FUNCTION ttfd.require_undoable(ttfd.user_merges);

DROP FUNCTION ttfd.require_read_committed();

DROP FUNCTION ttfd.require_platform(text);

DROP FUNCTION ttfd.require_metric(text);

DROP FUNCTION ttfd.require_loading_import(bigint);

DROP FUNCTION ttfd.report_import(bigint, bigint);

DROP FUNCTION ttfd.rename_account(text, text, text, text);

DROP FUNCTION ttfd.remove_import_accounts(bigint);

DROP FUNCTION ttfd.reject_import_rows(bigint);

DROP FUNCTION ttfd.reject_forgotten_rows(bigint, bigint);

DROP FUNCTION ttfd.refuse_same_sources(bigint);

DROP FUNCTION ttfd.refuse_import_links(bigint, text, text);

DROP FUNCTION ttfd.redeem_code(text, text, text);

DROP FUNCTION ttfd.redact(jsonb, text[]);

DROP FUNCTION ttfd.recall_import_settlements(bigint);

DROP FUNCTION ttfd.read_setting(text);

DROP FUNCTION ttfd.raise_unknown_user(bigint);

DROP FUNCTION ttfd.raise_unknown_season(integer);

DROP FUNCTION ttfd.raise_not_failed(uuid);

DROP FUNCTION ttfd.raise_not_adjusted(uuid);

DROP FUNCTION ttfd.raise_event_error(text, uuid, text);

DROP FUNCTION ttfd.raise_collision(text);

DROP FUNCTION ttfd.raise_already_claimed(text, timestamptz);

DROP FUNCTION ttfd.queue_voice(text, text[]);

DROP FUNCTION ttfd.purge_transfer_days(integer);

DROP FUNCTION ttfd.purge_merge_journal(integer);

DROP FUNCTION ttfd.purge_logins(integer);

DROP FUNCTION ttfd.purge_linking(integer);

DROP FUNCTION ttfd.purge_judged(integer);

DROP FUNCTION ttfd.purge_import_rows(integer);

DROP FUNCTION ttfd.purge_forgotten();

DROP FUNCTION ttfd.purge_discarded(integer);

DROP FUNCTION ttfd.projected_accounts(bigint[]);

DROP FUNCTION ttfd.project_accounts(bigint[]);

DROP FUNCTION ttfd.process_batch(tid[]);

DROP FUNCTION ttfd.preview_code(text, text, text);

DROP FUNCTION ttfd.pay_daily(uuid, ttfd.unified_users, text);

DROP FUNCTION ttfd.parse_events(jsonb);

DROP FUNCTION ttfd.open_session(bigint, bytea, text);

DROP FUNCTION ttfd.open_game(bigint, text, bigint);

DROP FUNCTION ttfd.oldest_pending(bigint);

DROP FUNCTION ttfd.oldest_judgement();

DROP FUNCTION ttfd.note_import_changes(bigint);

DROP FUNCTION ttfd.note_award(boolean, boolean, boolean, boolean, numeric);

DROP FUNCTION ttfd.normalise_external_id(text, text);

DROP FUNCTION ttfd.multiply_award(bigint, numeric);

DROP FUNCTION ttfd.moves_board(integer, text, text, bigint, bigint, jsonb);

DROP FUNCTION ttfd.move_season_scores(jsonb, bigint, bigint);

DROP FUNCTION ttfd.move_progress(bigint, bigint, ttfd.unified_users, text, jsonb);

DROP FUNCTION ttfd.metric_value(ttfd.unified_users, text);

DROP FUNCTION ttfd.measure_import_undo(bigint);

DROP FUNCTION ttfd.measure_import(bigint);

DROP FUNCTION ttfd.may_speak(text);

DROP FUNCTION ttfd.lock_users(bigint[]);

DROP FUNCTION ttfd.lock_user(bigint);

DROP FUNCTION ttfd.lock_undone_members(bigint);

DROP FUNCTION ttfd.lock_speaker(text, text, text, timestamptz);

DROP FUNCTION ttfd.lock_represented_user(bigint);

DROP FUNCTION ttfd.lock_person(bigint);

DROP FUNCTION ttfd.lock_owner(text, text);

DROP FUNCTION ttfd.lock_live_users(bigint[]);

DROP FUNCTION ttfd.lock_import_members(bigint);

DROP FUNCTION ttfd.lock_batch(tid[], text[], boolean);

DROP FUNCTION ttfd.lock_account(text, text);

DROP FUNCTION ttfd.list_user_references();

DROP FUNCTION ttfd.list_unsettled(text);

DROP FUNCTION ttfd.list_undone_members(bigint);

DROP FUNCTION ttfd.list_undoable_merges(bigint);

DROP FUNCTION ttfd.list_season_players(integer);

DROP FUNCTION ttfd.list_rank_ranges();

DROP FUNCTION ttfd.list_person(bigint);

DROP FUNCTION ttfd.list_import_touched(bigint);

DROP FUNCTION ttfd.list_import_totals(bigint);

DROP FUNCTION ttfd.list_import_joins(bigint);

DROP FUNCTION ttfd.list_import_gains(bigint);

DROP FUNCTION ttfd.list_audit_lines(bigint[], ttfd.platform_accounts[]);

DROP FUNCTION ttfd.list_announceable(text, bigint, bigint, integer);

DROP FUNCTION ttfd.link_import_by_username(bigint);

DROP FUNCTION ttfd.link_import_by_id(bigint);

DROP FUNCTION ttfd.lease_announcements(text, uuid);

DROP FUNCTION ttfd.kept_since(text);

DROP FUNCTION ttfd.keep_tombstones(bigint[], ttfd.platform_accounts[]);

DROP FUNCTION ttfd.keep_purchase(uuid, bigint, ttfd.shop_items, timestamptz, timestamptz);

DROP FUNCTION ttfd.keep_past_seasons(bigint[], integer);

DROP FUNCTION ttfd.keep_award_windows(bigint, text, timestamptz, timestamptz, bigint);

DROP FUNCTION ttfd.judge_import(bigint);

DROP FUNCTION ttfd.join_users(bigint, bigint, text);

DROP FUNCTION ttfd.join_proven_users(bigint, bigint, text);

DROP FUNCTION ttfd.issue_link_code(text, text);

DROP FUNCTION ttfd.is_website_admin(bigint);

DROP FUNCTION ttfd.is_logged_in(bigint);

DROP FUNCTION ttfd.is_link_locked(text, bytea);

DROP FUNCTION ttfd.is_known_event(uuid);

DROP FUNCTION ttfd.is_blank(ttfd.unified_users);

DROP FUNCTION ttfd.is_admin();

DROP FUNCTION ttfd.insert_events(ttfd.sent_event[]);

DROP FUNCTION ttfd.insert_event(uuid, bigint, text, text, jsonb, bigint, bigint, text, smallint, timestamptz);

DROP FUNCTION ttfd.import_time(text, text, boolean);

DROP FUNCTION ttfd.import_amount(text);

DROP FUNCTION ttfd.hash_link_code(text);

DROP FUNCTION ttfd.has_crossed(bigint[], bigint, bigint);

DROP FUNCTION ttfd.group_import_accounts(bigint, boolean);

DROP FUNCTION ttfd.grant_import(bigint);

DROP FUNCTION ttfd.grant_event(bigint, ttfd.event_type_versions, text, jsonb, timestamptz);

DROP FUNCTION ttfd.gives_role(text, text);

DROP FUNCTION ttfd.give_grant(uuid, ttfd.speaker, ttfd.event_grant, timestamptz);

DROP FUNCTION ttfd.generate_link_code();

DROP FUNCTION ttfd.generate_event_id();

DROP FUNCTION ttfd.forget_import(bigint[], ttfd.platform_accounts[]);

DROP FUNCTION ttfd.forget_events(bigint[]);

DROP FUNCTION ttfd.forget_audit(bigint[], ttfd.platform_accounts[]);

DROP FUNCTION ttfd.follow_import_links(bigint, text, text);

DROP FUNCTION ttfd.fold_name(text);

DROP FUNCTION ttfd.fold_external_id(ttfd.platforms, text);

DROP FUNCTION ttfd.find_survivor(bigint);

DROP FUNCTION ttfd.find_season_reward(integer, bigint);

DROP FUNCTION ttfd.find_season(timestamptz);

DROP FUNCTION ttfd.find_rule(text, timestamptz);

DROP FUNCTION ttfd.find_rank(bigint);

DROP FUNCTION ttfd.find_place(bigint, text);

DROP FUNCTION ttfd.find_owner(text, text);

DROP FUNCTION ttfd.find_own_account(bigint);

DROP FUNCTION ttfd.find_outcome(uuid, bigint, text, text, jsonb, timestamptz);

DROP FUNCTION ttfd.find_link_code(text, text, text);

DROP FUNCTION ttfd.find_first_outcome(uuid, bigint, text, text, jsonb);

DROP FUNCTION ttfd.find_boost(bigint, text, text, timestamptz);

DROP FUNCTION ttfd.fail_event(tid, text, text);

DROP FUNCTION ttfd.export_mentions(bigint[], ttfd.platform_accounts[]);

DROP FUNCTION ttfd.explain_import_time(text, text);

DROP FUNCTION ttfd.end_voice(ttfd.platform_accounts);

DROP FUNCTION ttfd.drop_secrets(jsonb);

DROP FUNCTION ttfd.drop_accounts(jsonb, ttfd.platform_accounts[]);

DROP FUNCTION ttfd.draw_setting(text);

DROP FUNCTION ttfd.draw_result(ttfd.games, integer, bigint, integer);

DROP FUNCTION ttfd.digest_account(bytea, text, text);

DROP FUNCTION ttfd.desired_roles(text, text[]);

DROP FUNCTION ttfd.describe_import_change(ttfd.unified_users);

DROP FUNCTION ttfd.describe_event_error(text);

DROP FUNCTION ttfd.derive_event_id(uuid, text);

DROP FUNCTION ttfd.database_origin();

DROP FUNCTION ttfd.current_time();

DROP FUNCTION ttfd.create_import_members(bigint);

DROP FUNCTION ttfd.create_account(text, text, text, text);

DROP FUNCTION ttfd.count_xp_above(bigint, timestamptz, bigint);

DROP FUNCTION ttfd.count_transfer(bigint, bigint);

DROP FUNCTION ttfd.count_scores_above(text, bigint, timestamptz, bigint);

DROP FUNCTION ttfd.count_owned(bigint, text);

DROP FUNCTION ttfd.count_nodes(bigint);

DROP FUNCTION ttfd.count_moves(bigint[], bigint[], integer);

DROP FUNCTION ttfd.count_above(text, bigint, timestamptz, bigint);

DROP FUNCTION ttfd.continue_streak(ttfd.unified_users, integer);

DROP FUNCTION ttfd.collect_limits(bigint[]);

DROP FUNCTION ttfd.collect_import_links(bigint);

DROP FUNCTION ttfd.collect_import_identities(bigint);

DROP FUNCTION ttfd.collect_import_events(bigint, bigint);

DROP FUNCTION ttfd.collect_import_accounts(bigint, bigint);

DROP FUNCTION ttfd.clear_past_board();

DROP FUNCTION ttfd.clear_import(bigint);

DROP FUNCTION ttfd.check_reason(text);

DROP FUNCTION ttfd.check_events(ttfd.sent_event[]);

DROP FUNCTION ttfd.check_event(uuid, text, ttfd.event_type_versions, jsonb, timestamptz);

DROP FUNCTION ttfd.check_amount(bigint, numeric, numeric);

DROP FUNCTION ttfd.carry_transfer_days(bigint, bigint);

DROP FUNCTION ttfd.carry_progress(bigint, bigint);

DROP FUNCTION ttfd.carry_award_windows(bigint, bigint);

DROP FUNCTION ttfd.caller_role();

DROP FUNCTION ttfd.board_number(text);

DROP FUNCTION ttfd.audit(text, jsonb, jsonb);

DROP FUNCTION ttfd.attach_account(bigint, text, text, text, text);

DROP FUNCTION ttfd.assess_stated(jsonb, bigint, boolean);

DROP FUNCTION ttfd.assess_single(ttfd.event_type_versions, jsonb);

DROP FUNCTION ttfd.assess_sent_event(uuid, ttfd.event_type_versions, jsonb, timestamptz);

DROP FUNCTION ttfd.assess_seconds(jsonb);

DROP FUNCTION ttfd.assess_import_amount(text, text);

DROP FUNCTION ttfd.assess_event(ttfd.event_type_versions, jsonb);

DROP FUNCTION ttfd.assess_daily(ttfd.unified_users, timestamptz);

DROP FUNCTION ttfd.are_usual_import_times(text, text, text);

DROP FUNCTION ttfd.apply_import_policy(bigint);

DROP FUNCTION ttfd.apply_grant(uuid, ttfd.unified_users, text, text, jsonb, bigint, bigint);

DROP FUNCTION ttfd.apply_batch(tid[], boolean);

DROP FUNCTION ttfd.announcement_details(text, jsonb);

DROP FUNCTION ttfd.announced_kind(text, bigint, text, jsonb, boolean);

DROP FUNCTION ttfd.announce_seasons();

DROP FUNCTION ttfd.advance_floor(ttfd.feed_head, bigint);

DROP FUNCTION ttfd.add_season_score(bigint, integer, bigint, timestamptz);

DROP FUNCTION ttfd.add_import_accounts(bigint, boolean);

DROP FUNCTION ttfd.add_counts(integer[], integer[], bigint[]);

DROP FUNCTION ttfd.achievement_progress(bigint[]);

DROP FUNCTION ttfd.accrue_voice(ttfd.voice_sessions, text, boolean, timestamptz);
