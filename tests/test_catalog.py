"""What the catalog must say of every object, so that a new one cannot forget it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from calls import Connection, rows

ROOT = Path(__file__).parents[1]

# Names, parameters and leading result columns that callers outside the project rely on. Functions that do not exist yet
# are skipped.
ACCOUNT = ["p_platform", "p_external_id"]
EVENT = ["p_event_id", *ACCOUNT, "p_event_type", "p_data"]
OUTCOME = ["event_id", "user_id", "status", "xp", "coins", "note", "total_xp", "total_coins", "rank_id", "rank_up"]
PROMISED: dict[str, tuple[list[str], list[str]]] = {
    "get_or_create_user": ([*ACCOUNT, "p_username", "p_display_name"], ["user_id", "created"]),
    "find_user": (ACCOUNT, ["user_id", "username", "display_name", "xp", "coins", "rank_id"]),
    "get_profile": (["p_user_id"], []),
    "create_link_code": (ACCOUNT, ["code", "expires_at"]),
    "preview_link": (["p_code", *ACCOUNT], []),
    "redeem_link_code": (["p_code", *ACCOUNT], ["status", "user_id", "merge_id"]),
    "link_verified_account": (["p_user_id", *ACCOUNT, "p_username"], []),
    "unlink_account": (["p_user_id", "p_platform"], []),
    "merge_users": (["p_into_id", "p_from_id", "p_reason"], []),
    "undo_merge": (["p_merge_id"], []),
    "export_user": (["p_user_id"], []),
    "forget_user": (["p_user_id"], []),
    "record_event": (EVENT, OUTCOME),
    "record_events": (["p_events"], OUTCOME),
    "apply_event": (EVENT, OUTCOME),
    "process_events": (["p_limit"], ["processed", "failed", "remaining", "head"]),
    "read_feed": (
        ["p_after", "p_types", "p_limit"],
        [
            "position",
            "event_id",
            "user_id",
            "event_type",
            "source_platform",
            "data",
            "xp",
            "coins",
            "note",
            "occurred_at",
            "processed_at",
        ],
    ),
    "feed_state": ([], ["head", "epoch", "pending"]),
    "list_failed_events": (["p_limit"], []),
    "retry_failed_event": (["p_event_id"], []),
    "discard_failed_event": (["p_event_id", "p_reason"], []),
    "compact_events": (["p_before"], []),
    "award": (["p_event_id", "p_user_id", "p_xp", "p_coins", "p_reason"], OUTCOME),
    "spend_coins": (["p_event_id", "p_user_id", "p_coins", "p_reason"], []),
    "transfer_coins": (["p_event_id", "p_from_id", "p_to_id", "p_coins"], []),
    "claim_daily": (["p_event_id", *ACCOUNT], OUTCOME),
    "list_leaderboard": (
        ["p_metric", "p_limit", "p_after"],
        ["position", "user_id", "display_name", "value", "rank_id"],
    ),
    "get_position": (["p_user_id", "p_metric"], ["position", "value", "total"]),
    "list_history": (
        ["p_user_id", "p_before", "p_limit"],
        ["position", "event_type", "source_platform", "xp", "coins", "note", "occurred_at"],
    ),
    "start_season": (["p_name", "p_starts_at", "p_ends_at"], ["season_id"]),
    "close_season": (["p_season_id"], ["season_id", "status"]),
    "start_import": (["p_source"], ["run_id"]),
    "unify_import": (["p_run_id", "p_dry_run", "p_link_by_username"], []),
    "list_import_conflicts": (["p_run_id"], []),
    "undo_import": (["p_run_id"], []),
    "verify_integrity": ([], ["kind", "user_id", "expected", "actual"]),
    "get_stats": ([], []),
    "purge_expired": ([], []),
}

FUNCTIONS = """
SELECT p.oid, p.proname AS name, p.prosecdef AS is_definer, p.proconfig AS settings, p.provolatile AS volatility,
       p.prorettype = 'trigger'::regtype AS is_trigger, p.prosrc AS source, l.lanname AS language,
       obj_description(p.oid, 'pg_proc') AS comment, pg_get_userbyid(p.proowner) AS owner,
       coalesce(p.proargnames, '{}') AS names,
       coalesce(p.proargmodes::text[], array_fill('i'::text, ARRAY[p.pronargs::integer])) AS modes,
       ARRAY(SELECT a.attname::text FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0
              WHERE t.oid = p.prorettype ORDER BY a.attnum) AS attributes,
       ARRAY(SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
               FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
              WHERE a.grantee <> p.proowner ORDER BY 1) AS callers
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE p.prokind <> 'a' AND p.pronamespace = 'ttfd'::regnamespace
 ORDER BY p.proname
"""


@pytest.fixture(scope="module")
def catalog(server: Any, migrated_template: Any) -> Iterator[Connection]:
    """A migrated database; no test here writes to it."""
    with psycopg.connect(server.database_url("postgres"), autocommit=True) as maintenance:
        maintenance.execute(f"CREATE DATABASE ttfd_catalog TEMPLATE {migrated_template.template_dbname}")
        with psycopg.connect(server.database_url("ttfd_catalog")) as connection:
            yield connection
        maintenance.execute("DROP DATABASE ttfd_catalog")


@pytest.fixture(scope="module")
def functions(catalog: Connection) -> list[Any]:
    found = rows(catalog, FUNCTIONS)
    assert len(found) > 50
    return found


def files(room: str) -> set[str]:
    return {path.stem for path in (ROOT / "sql").glob(room)}


API_FILES = files("functions/*/*.sql") - files("functions/internal/*.sql")
INTERNAL_FILES = files("functions/internal/*.sql")


def of(functions: list[Any], names: set[str]) -> list[Any]:
    return [function for function in functions if function.name in names]


def test_every_function_of_the_schema_has_its_file(functions: list[Any]) -> None:
    assert {function.name for function in functions if not function.is_trigger} == API_FILES | INTERNAL_FILES


def test_every_trigger_has_its_file_named_after_table_and_task(catalog: Connection, functions: list[Any]) -> None:
    assert {function.name for function in functions if function.is_trigger} == files("triggers/*.sql")
    triggers = rows(
        catalog,
        "SELECT DISTINCT c.relname AS table_name, p.proname AS name FROM pg_trigger t"
        "  LEFT JOIN pg_inherits i ON i.inhrelid = t.tgrelid"
        "  JOIN pg_class c ON c.oid = coalesce(i.inhparent, t.tgrelid) JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relnamespace = 'ttfd'::regnamespace",
    )
    assert {trigger.name for trigger in triggers} == files("triggers/*.sql")
    assert all(trigger.name.startswith(f"{trigger.table_name}__") for trigger in triggers)


def test_every_api_function_has_a_test_file_of_its_name() -> None:
    """Its rooms, where one file would be too long, are named after two underscores."""
    tests = (ROOT / "tests/functions").glob("test_*.py")
    assert {path.stem.removeprefix("test_").partition("__")[0] for path in tests} == API_FILES


def test_every_trigger_has_a_test_file_of_its_name() -> None:
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests/triggers").glob("test_*.py")}
    assert tested == files("triggers/*.sql")


def test_no_name_has_two_signatures(functions: list[Any]) -> None:
    names = [function.name for function in functions]
    assert len(names) == len(set(names))


def test_every_function_has_a_comment(functions: list[Any]) -> None:
    assert [function.name for function in functions if not function.comment] == []


def test_every_table_view_and_type_has_a_comment(catalog: Connection) -> None:
    bare = rows(
        catalog,
        "SELECT c.relname FROM pg_class c"
        " WHERE c.relnamespace = 'ttfd'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
        "   AND NOT c.relispartition AND obj_description(c.oid, 'pg_class') IS NULL"
        " UNION ALL"
        " SELECT t.typname FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid"
        "  WHERE t.typnamespace = 'ttfd'::regnamespace AND c.relkind = 'c'"
        "    AND obj_description(t.oid, 'pg_type') IS NULL",
    )
    assert bare == []


def test_a_comment_names_every_error_that_its_function_raises(functions: list[Any]) -> None:
    for function in of(functions, API_FILES):
        raised = set(re.findall(r"ERRCODE = '(T\w{4})'", function.source))
        caught = set(re.findall(r"WHEN SQLSTATE '(T\w{4})'", function.source))
        assert {code for code in raised - caught if code not in function.comment} == set(), function.name


def test_a_comment_says_which_isolation_its_function_needs(functions: list[Any]) -> None:
    for function in of(functions, API_FILES):
        if "require_read_committed(" in function.source:
            assert "Needs READ COMMITTED (0A000)" in function.comment, function.name


def test_the_owner_role_owns_everything(catalog: Connection) -> None:
    strangers = rows(
        catalog,
        "SELECT proname AS name FROM pg_proc"
        "  WHERE pronamespace = 'ttfd'::regnamespace AND proowner <> 'ttfd_owner'::regrole"
        " UNION ALL SELECT relname FROM pg_class"
        "  WHERE relnamespace = 'ttfd'::regnamespace AND relowner <> 'ttfd_owner'::regrole"
        " UNION ALL SELECT typname FROM pg_type"
        "  WHERE typnamespace = 'ttfd'::regnamespace AND typowner <> 'ttfd_owner'::regrole"
        " UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'ttfd' AND nspowner <> 'ttfd_owner'::regrole",
    )
    assert strangers == []


def test_api_functions_run_as_their_owner_on_a_fixed_path(functions: list[Any]) -> None:
    for function in of(functions, API_FILES):
        assert function.is_definer, function.name
        assert "search_path=ttfd, pg_temp" in (function.settings or []), function.name


# Administrators may edit rules; what these triggers write is out of their own reach.
DEFINER_TRIGGERS = {
    "achievements__recheck",
    "boosts__audit",
    "event_types__keep_versions",
    "ranks__rerank_users",
    "role_rewards__audit",
    "season_rewards__audit",
    "season_settings__audit",
    "shop_items__audit",
}


def test_nothing_else_runs_as_its_owner(functions: list[Any]) -> None:
    assert {function.name for function in functions if function.is_definer} == API_FILES | DEFINER_TRIGGERS


def test_triggers_have_a_fixed_path(functions: list[Any]) -> None:
    for function in functions:
        if function.is_trigger:
            assert "search_path=ttfd, pg_temp" in (function.settings or []), function.name


def test_api_functions_have_named_callers_and_never_public(functions: list[Any]) -> None:
    for function in of(functions, API_FILES):
        assert function.callers, function.name
        assert "PUBLIC" not in function.callers, function.name


def test_internal_functions_and_triggers_are_callable_by_nobody_but_the_owner(functions: list[Any]) -> None:
    assert {function.name: function.callers for function in functions if function.name not in API_FILES} == {
        function.name: [] for function in functions if function.name not in API_FILES
    }


def test_a_new_function_is_callable_by_nobody(catalog: Connection) -> None:
    with catalog.transaction(force_rollback=True):
        catalog.execute("SET LOCAL ROLE ttfd_owner")
        catalog.execute("CREATE FUNCTION ttfd.fresh() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        found = rows(catalog, "SELECT has_function_privilege('ttfd_telegram', 'ttfd.fresh()', 'EXECUTE') AS allowed")
        assert not found[0].allowed


@pytest.mark.parametrize("name", PROMISED)
def test_promised_parameters_and_columns(functions: list[Any], name: str) -> None:
    found = [function for function in functions if function.name == name]
    if not found:
        pytest.skip(f"{name} does not exist yet")
    (function,) = found
    parameters, columns = PROMISED[name]
    named = list(zip(function.names, function.modes, strict=False))
    assert [parameter for parameter, mode in named if mode in "ib"] == parameters
    results = [column for column, mode in named if mode in "to"] or function.attributes
    assert results[: len(columns)] == columns


def test_every_parameter_is_written_with_its_prefix(functions: list[Any]) -> None:
    for function in functions:
        for parameter, mode in zip(function.names, function.modes, strict=False):
            assert mode not in "ib" or parameter.startswith("p_"), function.name


def test_reading_functions_do_not_write(functions: list[Any]) -> None:
    readers = [
        function for function in of(functions, API_FILES) if function.name.split("_")[0] in ("list", "read", "find")
    ]
    readers += of(functions, {"get_profile", "get_position", "get_stats", "feed_state", "verify_integrity"})
    assert len(readers) >= 10
    assert {function.name: function.volatility for function in readers if function.volatility != "s"} == {}


def test_no_extension_is_needed(catalog: Connection) -> None:
    assert [found.extname for found in rows(catalog, "SELECT extname FROM pg_extension")] == ["plpgsql"]


def test_every_foreign_key_has_an_index(catalog: Connection) -> None:
    """Without one, a deletion reads the whole table; a key to the few rows of a rule table is exempt."""
    bare = rows(
        catalog,
        "SELECT c.conname FROM pg_constraint c"
        " WHERE c.connamespace = 'ttfd'::regnamespace AND c.contype = 'f'"
        "   AND c.confrelid NOT IN ('ttfd.platforms'::regclass, 'ttfd.import_runs'::regclass)"
        "   AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])",
    )
    assert bare == []


def test_every_check_has_a_name_that_tells_what_it_asks_for(catalog: Connection) -> None:
    """Clients go by the name. One that ends in _check, with or without a number, was made up by PostgreSQL."""
    nameless = rows(
        catalog,
        "SELECT conname FROM pg_constraint"
        " WHERE connamespace = 'ttfd'::regnamespace AND contype = 'c' AND conname ~ '_check[0-9]*$'",
    )
    assert nameless == []
