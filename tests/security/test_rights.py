"""A login with the rights of a bot, in the hands of somebody else: each door is tried, as the catalog lists them."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from calls import Connection, apply_event, get_user, refused, rows, value
from whole_state import state, tables

DOC = (Path(__file__).parents[2] / "docs/security.md").read_text("utf-8")
PLATFORMS = ["ttfd_telegram", "ttfd_discord", "ttfd_website"]
ROLES = [*PLATFORMS, "ttfd_worker", "ttfd_reader", "ttfd_admin"]

# Arguments that are good enough to get as far as the check of rights.
ARGUMENTS = {"text": "'telegram'", "uuid": "gen_random_uuid()", "jsonb": "'{}'", "text[]": "'{}'", "boolean": "false"}


@contextmanager
def logged_in(db: Connection, role: str) -> Iterator[None]:
    """As somebody whose login is a member of the role, and who cannot go back to being the superuser."""
    db.execute("CREATE ROLE intruder LOGIN")
    db.execute(f"GRANT {role} TO intruder")
    db.execute("SET SESSION AUTHORIZATION intruder")
    try:
        yield
    finally:
        db.execute("RESET SESSION AUTHORIZATION")
        db.execute("DROP ROLE intruder")


def denied(db: Connection, statement: str) -> bool:
    try:
        with db.transaction(force_rollback=True):
            db.execute(statement)  # type: ignore[arg-type]
    except psycopg.errors.InsufficientPrivilege:
        return True
    except psycopg.Error as error:
        pytest.fail(f"{statement}: {error}")
    return False


@pytest.mark.parametrize("role", [*PLATFORMS, "ttfd_worker", "ttfd_reader"])
def test_no_table_can_be_read_or_changed(db: Connection, role: str) -> None:
    get_user(db)
    names = tables(db)
    assert len(names) > 20
    with logged_in(db, role):
        for name in names:
            for statement in (
                f"SELECT * FROM ttfd.{name}",
                f"SELECT count(*) FROM ttfd.{name}",
                f"INSERT INTO ttfd.{name} DEFAULT VALUES",
                f"DELETE FROM ttfd.{name}",
                f"TRUNCATE ttfd.{name} CASCADE",
                f"LOCK TABLE ttfd.{name} IN ACCESS SHARE MODE",
                f"COPY ttfd.{name} TO STDOUT",
                f"CREATE TRIGGER mine AFTER INSERT ON ttfd.{name} EXECUTE FUNCTION ttfd.boosts__audit()",
                f"ALTER TABLE ttfd.{name} ADD COLUMN mine int",
                f"CREATE RULE mine AS ON INSERT TO ttfd.{name} DO INSTEAD NOTHING",
                f"DROP TABLE ttfd.{name} CASCADE",
            ):
                assert denied(db, statement), statement


@pytest.mark.parametrize("role", ROLES)
def test_no_function_can_be_called_that_is_not_granted(db: Connection, role: str) -> None:
    refused_functions = rows(
        db,
        "SELECT p.proname AS name,"
        " ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY a (t, n) ORDER BY n) AS types"
        " FROM pg_proc p WHERE p.pronamespace = 'ttfd'::regnamespace"
        " AND p.prorettype <> 'trigger'::regtype AND NOT has_function_privilege(%s, p.oid, 'EXECUTE')",
        role,
    )
    assert len(refused_functions) > 60
    with logged_in(db, role):
        for function in refused_functions:
            arguments = ", ".join(f"NULL::{kind}" for kind in function.types)
            assert denied(db, f"SELECT ttfd.{function.name}({arguments})"), function.name


CREATIONS = [
    "CREATE TABLE ttfd.mine (n int)",
    "CREATE TABLE public.mine (n int)",
    "CREATE SCHEMA mine",
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    "CREATE FUNCTION ttfd.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE ttfd.mine AS (n int)",
    "CREATE OPERATOR ttfd.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
    "CREATE VIEW ttfd.mine AS SELECT 1",
    "CREATE SEQUENCE ttfd.mine",
    "DROP EXTENSION plpgsql CASCADE",
    "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION ttfd.boosts__audit()",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "CREATE FOREIGN DATA WRAPPER mine",
    "CREATE TABLESPACE mine LOCATION '/tmp'",
    "CREATE OR REPLACE FUNCTION ttfd.is_admin() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "ALTER FUNCTION ttfd.is_admin() SECURITY DEFINER",
    "ALTER ROLE ttfd_admin LOGIN",
    "GRANT ttfd_owner TO CURRENT_USER",
    "GRANT ttfd_admin TO CURRENT_USER",
    "SET ROLE ttfd_owner",
    "SET SESSION AUTHORIZATION ttfd_owner",
    "ALTER SCHEMA ttfd RENAME TO mine",
    "ALTER DATABASE postgres SET search_path = mine",
    "ALTER SYSTEM SET search_path = mine",
    "SET session_replication_role = replica",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid <> 0 AND pid <> pg_backend_pid() LIMIT 1",
    "SELECT pg_reload_conf()",
    "SELECT rolpassword FROM pg_authid",
]


@pytest.mark.parametrize("role", ROLES)
def test_nothing_can_be_created_altered_or_taken(db: Connection, database_url: str, role: str) -> None:
    """With a login of its own: a superuser who only pretends may take back any role."""
    password = secrets.token_urlsafe()
    db.execute(f"CREATE ROLE intruder LOGIN PASSWORD '{password}' IN ROLE {role}")
    try:
        with psycopg.connect(database_url, user="intruder", password=password, autocommit=True) as own:
            for statement in CREATIONS:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    own.execute(statement)  # type: ignore[arg-type]
    finally:
        db.execute("DROP ROLE intruder")


@pytest.mark.parametrize("role", PLATFORMS)
def test_no_writing_function_speaks_for_another_platform(db: Connection, role: str) -> None:
    """Every function that takes an account and may write, whatever is added."""
    functions = rows(
        db,
        "SELECT p.proname AS name, p.proargnames AS names,"
        " ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY a (t, n) ORDER BY n) AS types"
        " FROM pg_proc p WHERE p.pronamespace = 'ttfd'::regnamespace AND p.provolatile = 'v'"
        "  AND 'p_platform' = ANY (p.proargnames) AND 'p_external_id' = ANY (p.proargnames)"
        "  AND has_function_privilege(%s, p.oid, 'EXECUTE')"
        "  AND p.proname NOT IN ('link_verified_account', 'log_in', 'merge_verified_account')",
        role,
    )
    assert {"record_event", "apply_event", "get_or_create_user"} <= {function.name for function in functions}
    accounts = {"ttfd_telegram": ("telegram", "1"), "ttfd_discord": ("discord", "1")}
    accounts["ttfd_website"] = ("website", "a@example.org")
    before = state(db)
    with logged_in(db, role):
        for platform, external_id in (account for owner, account in accounts.items() if owner != role):
            for function in functions:
                named = {"p_platform": platform, "p_external_id": external_id, "p_event_type": "message_sent"}
                arguments = ", ".join(
                    f"'{named[name]}'" if name in named else f"{ARGUMENTS.get(kind, '1')}::{kind}"
                    for name, kind in zip(function.names, function.types, strict=False)
                )
                with refused(db, "TP001"):
                    db.execute(f"SELECT ttfd.{function.name}({arguments})")  # type: ignore[arg-type]
            event = f'[{{"event_id": "6f1c2a53-5a1e-4a80-9a53-8f2d1f1f0001", "platform": "{platform}",'
            event += f' "external_id": "{external_id}", "event_type": "message_sent", "data": {{}}}}]'
            with refused(db, "TP001"):
                db.execute("SELECT ttfd.record_events(%s)", [event])
    assert state(db) == before


def test_a_known_account_of_another_platform_is_no_way_in(db: Connection) -> None:
    """The fast path for known accounts has the same gate as the slow one."""
    get_user(db, "77")
    with logged_in(db, "ttfd_discord"), refused(db, "TP001"):
        apply_event(db, external_id="77")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ttfd.audit_log SET actor = 'somebody else'",
        "DELETE FROM ttfd.audit_log",
        "TRUNCATE ttfd.audit_log",
        "INSERT INTO ttfd.audit_log (actor, role, action) VALUES ('nobody', 'nobody', 'nothing')",
        "ALTER TABLE ttfd.audit_log DISABLE TRIGGER ALL",
        "DROP TABLE ttfd.audit_log",
        "SELECT ttfd.audit('nothing', NULL, NULL)",
        "SELECT ttfd.forget_audit('{}', '{}')",
    ],
)
def test_the_audit_log_cannot_be_rewritten(db: Connection, role: str, statement: str) -> None:
    with logged_in(db, role):
        assert denied(db, statement)


@pytest.mark.parametrize(
    ("statement", "action"),
    [
        ("UPDATE ttfd.event_types SET xp = 9 WHERE name = 'message_sent'", "event_type_update"),
        ("INSERT INTO ttfd.boosts (factor, starts_at, ends_at) VALUES (2, now(), 'infinity')", "boost_insert"),
        ("UPDATE ttfd.ranks SET coins = 9 WHERE id = 2", "ranks_changed"),
        ("SELECT ttfd.compact_events(now())", "events_compacted"),
    ],
)
def test_the_audit_log_says_who_did_it_and_as_what(db: Connection, statement: str, action: str) -> None:
    with logged_in(db, "ttfd_admin"):
        db.execute("SET ROLE ttfd_admin")
        db.execute(statement)  # type: ignore[arg-type]
        db.execute("RESET ROLE")
    (line,) = rows(db, "SELECT actor, role, action, after FROM ttfd.audit_log")
    assert (line.actor, line.role, line.action) == ("intruder", "ttfd_admin", action)
    assert line.after


def test_what_postgresql_gives_to_everybody_can_be_taken_away(db: Connection) -> None:
    """The statements of docs/security.md for a database that belongs to ttfd alone; ttfd works on without."""
    (statements,) = re.findall(r"<!-- hardening -->\n```sql\n(.*?)```", DOC, re.DOTALL)
    db.execute(statements.replace("my_database", db.info.dbname))
    with logged_in(db, "ttfd_discord"):
        assert denied(db, "CREATE TEMPORARY TABLE mine (n int)")
        assert denied(db, "SELECT lo_create(0)")
        assert denied(db, "SELECT lo_from_bytea(0, 'x')")
        assert apply_event(db, platform="discord").status == "applied"


def test_the_document_names_every_role(db: Connection) -> None:
    for role in rows(db, "SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'ttfd_')"):
        assert f"`{role.rolname}`" in DOC


def test_every_sensitive_function_is_named_in_the_document(db: Connection) -> None:
    for name in ("export_user", "forget_user", "link_verified_account"):
        assert value(db, "SELECT count(*) FROM pg_proc WHERE proname = %s", name) == 1
        assert f"`{name}`" in DOC
