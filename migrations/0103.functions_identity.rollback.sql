-- Generated from sql/functions/identity by `make migration`.
SET LOCAL lock_timeout = '10s';

DROP FUNCTION ttfd.unlink_account(bigint, text);

DROP FUNCTION ttfd.undo_own_merge(bigint, text, text);

DROP FUNCTION ttfd.undo_merge(bigint);

DROP FUNCTION ttfd.set_language(text, text, text);

DROP FUNCTION ttfd.set_announcements(text, text, text);

DROP FUNCTION ttfd.redeem_link_code(text, text, text);

DROP FUNCTION ttfd.preview_link(text, text, text);

DROP FUNCTION ttfd.merge_users(bigint, bigint, text);

DROP FUNCTION ttfd.list_own_merges(text, text);

DROP FUNCTION ttfd.link_verified_account(bigint, text, text, text);

DROP FUNCTION ttfd.get_profile(bigint);

DROP FUNCTION ttfd.get_preferences(text, text);

DROP FUNCTION ttfd.get_or_create_user(text, text, text, text);

DROP FUNCTION ttfd.forget_user(bigint);

DROP FUNCTION ttfd.find_user(text, text);

DROP FUNCTION ttfd.export_user(bigint);

DROP FUNCTION ttfd.create_link_code(text, text);
