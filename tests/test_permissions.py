"""Who may do what. Everything that is not listed here must be denied, whatever is added to the schema."""

from typing import Any

import psycopg
import pytest

from calls import Connection, acting_as, apply_event, get_user, rows, value
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]

PLATFORMS = ["ttfd_telegram", "ttfd_discord", "ttfd_website"]
ROLES = [*PLATFORMS, "ttfd_worker", "ttfd_reader", "ttfd_admin"]

MEMBERS_SPEAK = {*PLATFORMS, "ttfd_admin"}
SHOWN_TO_MEMBERS = {*PLATFORMS, "ttfd_admin", "ttfd_reader"}
EVERYBODY = set(ROLES)

MAY_CALL: dict[str, set[str]] = {
    "get_or_create_user": MEMBERS_SPEAK,
    "find_user": MEMBERS_SPEAK,
    "get_profile": SHOWN_TO_MEMBERS,
    "link_verified_account": {"ttfd_website", "ttfd_admin"},
    "export_user": {"ttfd_website", "ttfd_admin"},
    "forget_user": {"ttfd_website", "ttfd_admin"},
    "create_link_code": MEMBERS_SPEAK,
    "preview_link": MEMBERS_SPEAK,
    "redeem_link_code": MEMBERS_SPEAK,
    "unlink_account": MEMBERS_SPEAK,
    "merge_users": {"ttfd_admin"},
    "undo_merge": {"ttfd_admin"},
    "list_own_merges": MEMBERS_SPEAK,
    "undo_own_merge": MEMBERS_SPEAK,
    "get_preferences": MEMBERS_SPEAK,
    "set_language": MEMBERS_SPEAK,
    "set_announcements": MEMBERS_SPEAK,
    "record_event": MEMBERS_SPEAK,
    "record_events": MEMBERS_SPEAK,
    "apply_event": MEMBERS_SPEAK,
    "process_events": {"ttfd_worker", "ttfd_admin"},
    "silence_doorbell": {"ttfd_worker", "ttfd_admin"},
    "read_feed": EVERYBODY,
    "feed_state": EVERYBODY,
    "take_announcements": MEMBERS_SPEAK,
    "confirm_announcements": MEMBERS_SPEAK,
    "postpone_announcement": MEMBERS_SPEAK,
    "report_voice": MEMBERS_SPEAK,
    "close_stale_voice": MEMBERS_SPEAK,
    "get_feed_head": EVERYBODY,
    "list_failed_events": {"ttfd_worker", "ttfd_admin"},
    "retry_failed_event": {"ttfd_admin"},
    "discard_failed_event": {"ttfd_admin"},
    "compact_events": {"ttfd_admin"},
    "list_leaderboard": SHOWN_TO_MEMBERS,
    "get_position": SHOWN_TO_MEMBERS,
    "list_neighbours": SHOWN_TO_MEMBERS,
    "set_hidden": MEMBERS_SPEAK,
    "list_history": SHOWN_TO_MEMBERS,
    "award": {"ttfd_admin"},
    "spend_coins": MEMBERS_SPEAK,
    "transfer_coins": MEMBERS_SPEAK,
    "adjust_balance": {"ttfd_admin"},
    "revert_adjustment": {"ttfd_admin"},
    "claim_daily": MEMBERS_SPEAK,
    "claim_work": MEMBERS_SPEAK,
    "set_time_zone": MEMBERS_SPEAK,
    "list_games": SHOWN_TO_MEMBERS,
    "draw_question": MEMBERS_SPEAK,
    "play_game": MEMBERS_SPEAK,
    "list_shop": SHOWN_TO_MEMBERS,
    "buy_item": MEMBERS_SPEAK,
    "list_inventory": SHOWN_TO_MEMBERS,
    "list_settings": {"ttfd_admin"},
    "set_setting": {"ttfd_admin"},
    "list_achievements": SHOWN_TO_MEMBERS,
    "unlock_achievements": {"ttfd_worker", "ttfd_admin"},
    "start_season": {"ttfd_admin"},
    "close_season": {"ttfd_admin"},
    "tend_seasons": {"ttfd_worker", "ttfd_admin"},
    "list_seasons": EVERYBODY,
    "list_season_results": SHOWN_TO_MEMBERS,
    "list_desired_roles": MEMBERS_SPEAK,
    "list_member_roles": MEMBERS_SPEAK,
    "report_role_given": MEMBERS_SPEAK,
    "report_role_removed": MEMBERS_SPEAK,
    "report_role_restored": MEMBERS_SPEAK,
    "report_role_taken": MEMBERS_SPEAK,
    "start_import": {"ttfd_admin"},
    "judge_import_rows": {"ttfd_admin"},
    "set_import_policy": {"ttfd_admin"},
    "unify_import": {"ttfd_admin"},
    "undo_import": {"ttfd_admin"},
    "settle_import_conflict": {"ttfd_admin"},
    "list_import_conflicts": {"ttfd_admin"},
    "list_event_types": {"ttfd_admin"},
    "change_event_type": {"ttfd_admin"},
    "list_boosts": {"ttfd_admin"},
    "add_boost": {"ttfd_admin"},
    "end_boost": {"ttfd_admin"},
    "list_audit": {"ttfd_admin"},
    "set_website_admin": {"ttfd_admin"},
    "list_website_admins": {"ttfd_admin"},
    "act_for_session": {"ttfd_admin"},
    "create_login_link": {"ttfd_telegram", "ttfd_discord", "ttfd_admin"},
    "list_xp_history": SHOWN_TO_MEMBERS,
    "list_activity": SHOWN_TO_MEMBERS,
    **{
        name: {"ttfd_website", "ttfd_admin"}
        for name in (
            *("log_in", "start_session", "find_session", "end_session", "end_all_sessions"),
            *("preview_login_link", "redeem_login_link", "get_account", "list_accounts", "claim_member_daily"),
            *("create_member_link_code", "preview_member_link", "redeem_member_link"),
            *("list_member_merges", "undo_member_merge", "set_member_language", "merge_verified_account"),
        )
    },
    "verify_imports": {"ttfd_worker", "ttfd_admin", "ttfd_reader"},
    "verify_integrity": {"ttfd_worker", "ttfd_admin", "ttfd_reader"},
    "purge_expired": {"ttfd_worker", "ttfd_admin"},
    "take_lead": {"ttfd_worker", "ttfd_admin"},
    "get_metrics": {"ttfd_website", "ttfd_worker", "ttfd_admin", "ttfd_reader"},
    "sum_grants": {"ttfd_website", "ttfd_worker", "ttfd_admin", "ttfd_reader"},
    "renew_epoch": {"ttfd_worker", "ttfd_admin"},
    "get_stats": {"ttfd_website", "ttfd_worker", "ttfd_admin", "ttfd_reader"},
}

# Rules are rows that an administrator edits; triggers keep their history and the audit log.
MAY_TOUCH_WHOLE: set[tuple[str, str, str]] = (
    {
        ("ttfd_admin", table, right)
        for table in ("event_types", "boosts", "ranks", "shop_items", "achievements", "season_rewards", "role_rewards")
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
    }
    | {
        ("ttfd_admin", table, "SELECT")
        for table in (
            *("platforms", "event_type_versions", "audit_log", "seasons"),
            *("settings", "adjustments", "purchases"),
        )
    }
    | {
        ("ttfd_admin", table, right)
        for table in ("games", "quiz_questions")
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
    }
    | {("ttfd_admin", "season_settings", right) for right in ("SELECT", "UPDATE")}
)

# Role, table, column, right: an import is written by COPY, nothing else goes past the functions.
MAY_TOUCH: set[tuple[str, str, str, str]] = {
    ("ttfd_admin", "import_sources", column, "INSERT")
    for column in ("run_id", "source", "preset", "origin", "identity", "time_zone")
} | {
    ("ttfd_admin", "import_rows", column, "INSERT")
    for column in ("run_id", "source", "part", "source_key", "platform", "record", "reject_reason")
}


def test_every_role_calls_what_is_listed_and_nothing_else(db: Connection) -> None:
    found = rows(
        db,
        "SELECT p.proname AS name, r.role FROM pg_proc p CROSS JOIN unnest(%s::text[]) r (role)"
        " WHERE p.pronamespace = 'ttfd'::regnamespace AND has_function_privilege(r.role, p.oid, 'EXECUTE')",
        ROLES,
    )
    allowed = {name: {seen.role for seen in found if seen.name == name} for name in {seen.name for seen in found}}
    assert allowed == MAY_CALL


def test_every_role_touches_what_is_listed_and_nothing_else(db: Connection) -> None:
    found = rows(
        db,
        "SELECT r.role, c.relname AS table_name, a.attname AS column_name, v.right_name"
        "  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " CROSS JOIN unnest(%s::text[]) r (role)"
        " CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) v (right_name)"
        " WHERE c.relnamespace = 'ttfd'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
        "   AND has_column_privilege(r.role, c.oid, a.attnum, v.right_name)",
        ROLES,
    )
    touched = {
        (seen.role, seen.table_name, seen.column_name, seen.right_name)
        for seen in found
        if (seen.role, seen.table_name, seen.right_name) not in MAY_TOUCH_WHOLE
    }
    assert touched == MAY_TOUCH


def test_no_role_has_a_right_to_a_whole_table_or_sequence_that_is_not_listed(db: Connection) -> None:
    found = rows(
        db,
        "SELECT r.role, c.relname, v.right_name"
        "  FROM pg_class c CROSS JOIN unnest(%s::text[]) r (role)"
        " CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']"
        "   || CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ARRAY['MAINTAIN'] ELSE '{}' END)"
        "       v (right_name)"
        " WHERE c.relnamespace = 'ttfd'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
        "   AND has_table_privilege(r.role, c.oid, v.right_name)"
        " UNION ALL"
        " SELECT r.role, c.relname, v.right_name"
        "  FROM pg_class c CROSS JOIN unnest(%s::text[]) r (role)"
        " CROSS JOIN unnest(ARRAY['SELECT', 'USAGE', 'UPDATE']) v (right_name)"
        " WHERE c.relnamespace = 'ttfd'::regnamespace AND c.relkind = 'S'"
        "   AND has_sequence_privilege(r.role, c.oid, v.right_name)",
        ROLES,
        ROLES,
    )
    assert {tuple(seen) for seen in found} == MAY_TOUCH_WHOLE


def test_the_public_has_no_right_to_anything(db: Connection) -> None:
    found = rows(
        db,
        "SELECT c.relname AS name FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relnamespace = 'ttfd'::regnamespace AND a.grantee = 0"
        " UNION ALL SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
        " WHERE p.pronamespace = 'ttfd'::regnamespace AND a.grantee = 0"
        " UNION ALL SELECT n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a"
        " WHERE n.nspname = 'ttfd' AND a.grantee = 0",
    )
    assert found == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_uses_the_schema_and_creates_nothing_in_it(db: Connection, role: str) -> None:
    assert value(db, "SELECT has_schema_privilege(%s, 'ttfd', 'USAGE')", role)
    assert not value(db, "SELECT has_schema_privilege(%s, 'ttfd', 'CREATE')", role)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM ttfd.unified_users",
        "SELECT * FROM ttfd.platform_accounts",
        "SELECT * FROM ttfd.cross_platform_events",
        "UPDATE ttfd.unified_users SET coins = 1000000",
        "DELETE FROM ttfd.platform_accounts",
        "DELETE FROM ttfd.audit_log",
        "INSERT INTO ttfd.event_type_versions (name, valid_from) VALUES ('gift', now())",
        "TRUNCATE ttfd.cross_platform_events",
        "ALTER TABLE ttfd.unified_users DISABLE TRIGGER ALL",
        "CREATE TABLE ttfd.mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "CREATE FUNCTION ttfd.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "DROP FUNCTION ttfd.feed_state()",
        "SELECT ttfd.project_accounts(ARRAY[1])",
        "SELECT ttfd.fail_event('(0,1)', 'TE001', '')",
        "SELECT ttfd.create_account('telegram', '1', NULL, NULL)",
        "SET ROLE ttfd_owner",
    ],
)
def test_nobody_goes_past_the_functions(db: Connection, role: str, statement: str) -> None:
    db.execute("CREATE ROLE somebody LOGIN")
    db.execute(f"GRANT {role} TO somebody")
    db.execute("SET SESSION AUTHORIZATION somebody")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
        db.execute(statement)  # type: ignore[arg-type]


def test_no_role_has_a_right_to_the_database_a_schema_or_a_default_of_its_own(db: Connection) -> None:
    """What everybody may do (connect, temporary tables) comes from PUBLIC: docs/security.md takes it away."""
    granted = rows(
        db,
        "SELECT 'database' AS kind, a.grantee::regrole::text AS role, a.privilege_type"
        "  FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database()"
        " UNION ALL SELECT n.nspname, a.grantee::regrole::text, a.privilege_type"
        "  FROM pg_namespace n, aclexplode(n.nspacl) a"
        " UNION ALL SELECT 'default', a.grantee::regrole::text, a.privilege_type"
        "  FROM pg_default_acl d, aclexplode(d.defaclacl) a"
        " UNION ALL SELECT 'large object', a.grantee::regrole::text, a.privilege_type"
        "  FROM pg_largeobject_metadata l, aclexplode(l.lomacl) a"
        " UNION ALL SELECT 'language', a.grantee::regrole::text, a.privilege_type"
        "  FROM pg_language l, aclexplode(l.lanacl) a"
        " UNION ALL SELECT 'setting', a.grantee::regrole::text, a.privilege_type"
        "  FROM pg_parameter_acl p, aclexplode(p.paracl) a",
    )
    assert {tuple(seen) for seen in granted if seen.role in (*ROLES, "ttfd_owner")} == {
        ("ttfd", "ttfd_owner", "USAGE"),
        ("ttfd", "ttfd_owner", "CREATE"),
        ("default", "ttfd_owner", "EXECUTE"),
    } | {("ttfd", role, "USAGE") for role in ROLES}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_creates_nothing_anywhere_in_the_database(db: Connection, role: str) -> None:
    assert not value(db, "SELECT has_database_privilege(%s, current_database(), 'CREATE')", role)
    schemas = rows(db, "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(%s, oid, 'CREATE')", role)
    assert [schema.nspname for schema in schemas if not schema.nspname.startswith("pg_temp")] == []


def test_only_the_owner_role_owns_anything(db: Connection) -> None:
    owners = rows(
        db,
        "SELECT DISTINCT r.rolname FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
        " WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o' AND starts_with(r.rolname, 'ttfd_')",
    )
    assert [owner.rolname for owner in owners] == ["ttfd_owner"]


def test_the_roles_of_the_cluster_are_modest(db: Connection) -> None:
    found = rows(
        db,
        "SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'ttfd_')"
        " AND (rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)",
    )
    assert found == []


def test_no_role_is_a_member_of_another_but_the_owner_of_the_administrators(db: Connection) -> None:
    found = rows(
        db,
        "SELECT m.rolname AS member, g.rolname AS granted FROM pg_auth_members a"
        " JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid"
        " WHERE starts_with(m.rolname, 'ttfd_')",
    )
    assert {(seen.member, seen.granted) for seen in found} == {("ttfd_owner", "ttfd_admin")}


def test_a_login_that_is_a_member_speaks_for_its_platform_without_taking_the_role(db: Connection) -> None:
    db.execute("CREATE ROLE discord_bot LOGIN IN ROLE ttfd_discord")
    db.execute("SET SESSION AUTHORIZATION discord_bot")
    assert apply_event(db, platform="discord").status == "applied"
    with pytest.raises(psycopg.Error, match="may not speak"), db.transaction():
        apply_event(db, platform="telegram")


def test_a_reader_sees_and_does_not_change(db: Connection) -> None:
    user_id = get_user(db)
    calls: dict[str, Any] = {
        "SELECT * FROM ttfd.get_profile(%s)": [user_id],
        "SELECT * FROM ttfd.list_leaderboard('xp')": [],
        "SELECT * FROM ttfd.read_feed(0)": [],
    }
    with acting_as(db, "ttfd_reader"):
        for query, params in calls.items():
            db.execute(query, params)  # type: ignore[arg-type]
        for name in ("apply_event", "record_event"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
                db.execute(f"SELECT ttfd.{name}(gen_random_uuid(), 'telegram', '1', 'message_sent')")  # type: ignore[arg-type]


@pytest.mark.parametrize("role", PLATFORMS)
def test_a_temporary_table_does_not_deceive_a_function(db: Connection, role: str) -> None:
    user_id = get_user(db)
    with acting_as(db, role):
        db.execute("CREATE TEMPORARY TABLE unified_users (LIKE pg_class)")
        db.execute("CREATE TEMPORARY TABLE feed_head (n int)")
        assert value(db, "SELECT user_id FROM ttfd.get_profile(%s)", user_id) == user_id
        assert value(db, "SELECT head FROM ttfd.feed_state()") == 0


def test_the_setting_for_the_clock_is_of_no_use_to_a_platform(db: Connection) -> None:
    db.execute("SELECT set_config('ttfd.now', '2020-01-01', false)")
    with acting_as(db, "ttfd_telegram"):
        apply_event(db)
    assert value(db, "SELECT bool_and(occurred_at > '2021-01-01') FROM ttfd.cross_platform_events")
