-- Generated from sql/functions/website by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP FUNCTION ttfd.undo_member_merge(bigint, bigint);

DROP FUNCTION ttfd.start_session(bigint, bytea, text);

DROP FUNCTION ttfd.set_website_admin(bigint, boolean);

DROP FUNCTION ttfd.set_member_language(bigint, text);

DROP FUNCTION ttfd.redeem_member_link(text, bigint);

DROP FUNCTION ttfd.redeem_login_link(bytea, bytea);

DROP FUNCTION ttfd.preview_member_link(text, bigint);

DROP FUNCTION ttfd.preview_login_link(bytea);

DROP FUNCTION ttfd.merge_verified_account(bigint, text, text);

DROP FUNCTION ttfd.log_in(text, text, text, text, bytea);

DROP FUNCTION ttfd.list_xp_history(bigint, integer);

DROP FUNCTION ttfd.list_website_admins();

DROP FUNCTION ttfd.list_member_merges(bigint);

DROP FUNCTION ttfd.list_activity(integer);

DROP FUNCTION ttfd.list_accounts(bigint);

DROP FUNCTION ttfd.get_account(bigint);

DROP FUNCTION ttfd.find_session(bytea);

DROP FUNCTION ttfd.end_session(bytea);

DROP FUNCTION ttfd.end_all_sessions(bigint);

DROP FUNCTION ttfd.create_member_link_code(bigint);

DROP FUNCTION ttfd.create_login_link(text, text);

DROP FUNCTION ttfd.claim_member_daily(uuid, bigint);

DROP FUNCTION ttfd.act_for_session(bytea);
