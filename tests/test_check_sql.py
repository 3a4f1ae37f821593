"""Each static check of the SQL can fail: it is given something bad and has to say so."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

BAD_MIGRATIONS = {
    "adding-required-field": "ALTER TABLE ttfd.boosts ADD COLUMN who text NOT NULL;",
    "changing-column-type": "ALTER TABLE ttfd.boosts ALTER COLUMN user_id TYPE integer;",
    "require-concurrent-index-creation": "CREATE INDEX slow ON ttfd.cross_platform_events (user_id);",
    "ban-drop-table": "DROP TABLE ttfd.boosts;",
    "syntax-error": "CREATE TABEL ttfd.oops ();",
}

AS_OWNER = "CREATE FUNCTION ttfd.bad() RETURNS bigint LANGUAGE {language} SECURITY DEFINER {path} AS $${body}$$;"
BAD_FUNCTIONS = {
    "PS003": AS_OWNER.format(language="sql", path="", body="SELECT 1::bigint"),
    "PS004": AS_OWNER.format(language="sql", path="SET search_path = public", body="SELECT 1::bigint"),
    "PS017": "CREATE FUNCTION ttfd.bad() RETURNS bigint LANGUAGE sql AS $$SELECT count(*) FROM unified_users$$;",
    "missing expression": AS_OWNER.format(language="plpgsql", path="", body="BEGIN IF THEN END;"),
}

BAD_BODIES = {
    'column "no_such_column" does not exist': "PERFORM no_such_column FROM ttfd.unified_users",
    "text type variable is not sanitized": "EXECUTE 'SELECT ' || p_text",
    'unused parameter "p_text"': "NULL",
}


@pytest.fixture(scope="module")
def check_sql() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_sql", ROOT / "tools/check_sql.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkers(check_sql: ModuleType) -> ModuleType:
    if not (check_sql.TOOLS / "pgspot").exists():
        pytest.skip("squawk and pgspot are not installed: run `make check` first")
    return check_sql


@pytest.mark.parametrize("rule", BAD_MIGRATIONS)
def test_squawk_finds_a_migration_that_hurts(checkers: ModuleType, tmp_path: Path, rule: str) -> None:
    bad = tmp_path / "0099.bad.sql"
    bad.write_text("SET LOCAL lock_timeout = '10s';\n" + BAD_MIGRATIONS[rule])
    assert rule in "\n".join(checkers.run_squawk([bad]))


def test_a_rollback_may_drop_and_nothing_else(checkers: ModuleType, tmp_path: Path) -> None:
    rollback = tmp_path / "0099.bad.rollback.sql"
    rollback.write_text("SET LOCAL lock_timeout = '10s';\nDROP TABLE ttfd.boosts;")
    assert checkers.run_squawk([rollback]) == []
    rollback.write_text("SET LOCAL lock_timeout = '10s';\nALTER TABLE ttfd.boosts RENAME TO other;")
    assert "renaming-table" in "\n".join(checkers.run_squawk([rollback]))


@pytest.mark.parametrize("code", BAD_FUNCTIONS)
def test_pgspot_finds_a_function_that_can_be_hijacked(checkers: ModuleType, tmp_path: Path, code: str) -> None:
    bad = tmp_path / "0199.bad.sql"
    bad.write_text(BAD_FUNCTIONS[code])
    assert code in "\n".join(checkers.run_pgspot([bad]))


def test_pgspot_accepts_our_path(checkers: ModuleType, tmp_path: Path) -> None:
    good = tmp_path / "0199.good.sql"
    good.write_text(
        AS_OWNER.format(
            language="plpgsql",
            path="SET search_path = ttfd, pg_temp",
            body='DECLARE "position" bigint; BEGIN "position" := count(*) FROM unified_users; RETURN "position"; END;',
        )
    )
    assert checkers.run_pgspot([good]) == []


def test_a_checker_that_cannot_run_is_an_error(checkers: ModuleType, tmp_path: Path, monkeypatch: Any) -> None:
    some = tmp_path / "0199.some.sql"
    some.write_text("SELECT 1;")
    monkeypatch.setattr(checkers, "TOOLS", tmp_path)
    with pytest.raises(FileNotFoundError):
        checkers.run_squawk([some])
    (tmp_path / "pgspot").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "pgspot").chmod(0o755)
    assert "did not finish" in "\n".join(checkers.run_pgspot([some]))


def test_plpgsql_check_finds_what_would_fail_at_run_time(check_sql: ModuleType) -> None:
    binaries = check_sql.find_plpgsql_check()
    if binaries is None:
        pytest.skip("no PostgreSQL here has plpgsql_check (Debian: postgresql-15-plpgsql-check)")
    bodies = "\n".join(
        f"CREATE FUNCTION ttfd.bad_{number}(p_text text) RETURNS void LANGUAGE plpgsql AS $$BEGIN {body}; END$$;"
        for number, body in enumerate(BAD_BODIES.values())
    )
    found = "\n".join(check_sql.run_plpgsql_check(binaries, "SET check_function_bodies = off;" + bodies))
    for number, message in enumerate(BAD_BODIES):
        assert f"ttfd.bad_{number}(text): " in found
        assert message in found


@pytest.mark.parametrize("tool", ["squawk", "squawk_rollback", "pgspot", "plpgsql_check"])
def test_whatever_is_allowed_has_a_reason(check_sql: ModuleType, tool: str) -> None:
    assert all(len(reason) > 20 for reason in check_sql.ALLOWED[tool].values())
