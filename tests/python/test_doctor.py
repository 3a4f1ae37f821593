"""The doctor finds what is wrong, says what to do in both languages, and is content when nothing is."""

import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner
from psycopg import sql
from psycopg.conninfo import make_conninfo

from calls import apply_event, get_user, put_pending, record_event
from networks import network
from support import limit
from ttfd import Client, connect, doctor, drift
from ttfd.cli.app import app
from ttfd.doctor import Finding, examine
from ttfd.embedded import Server
from ttfd.migrate import MigrationError

LOCALE = Path(doctor.__file__).parent / "locale/ru/LC_MESSAGES/doctor.po"


@pytest.fixture(autouse=True)
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the tests may lose its data; that it does has a test of its own."""
    checks = [check for check in doctor._CHECKS if check is not doctor._check_durability]
    monkeypatch.setattr(doctor, "_CHECKS", checks)


def trouble(url: str, is_quick: bool = True) -> dict[str, str]:
    """What is not ok."""
    return {found.check: found.status for found in examine(url, is_quick=is_quick) if found.status != "ok"}


def test_a_sound_installation_has_no_trouble(db: psycopg.Connection, database_url: str) -> None:
    apply_event(db)
    Client(db).take_lead()
    Client(db).process_events()
    assert trouble(database_url, is_quick=False) == {}


def fail_an_event(db: psycopg.Connection) -> None:
    put_pending(db, 999)
    Client(db).process_events()


def set_clock(db: psycopg.Connection) -> None:
    db.execute(sql.SQL("ALTER DATABASE {} SET ttfd.now = '2026-01-01'").format(sql.Identifier(db.info.dbname)))


@pytest.mark.parametrize(
    ("check", "status", "harm"),
    [
        ("worker", "warning", lambda db: db.execute("SELECT pg_advisory_unlock_all()")),
        ("failed_events", "warning", fail_an_event),
        ("epoch", "failure", lambda db: db.execute("UPDATE ttfd.epoch_origin SET origin = '1/2/3'")),
        ("drift", "failure", lambda db: db.execute("REVOKE EXECUTE ON FUNCTION ttfd.get_stats() FROM ttfd_reader")),
        ("integrity", "failure", lambda db: db.execute("UPDATE ttfd.unified_users SET coins = coins + 1")),
        ("schema", "failure", lambda db: db.execute("DELETE FROM _yoyo_migration WHERE migration_id LIKE '0107%'")),
        ("clock", "failure", set_clock),
    ],
)
def test_each_harm_is_found_by_its_check(
    db: psycopg.Connection,
    database_url: str,
    check: str,
    status: str,
    harm: Callable[[psycopg.Connection], object],
) -> None:
    apply_event(db)
    Client(db).take_lead()
    Client(db).process_events()
    harm(db)
    assert trouble(database_url, is_quick=check not in ("drift", "integrity")) == {check: status}


def test_a_queue_that_nobody_works_on_is_a_failure(db: psycopg.Connection, database_url: str) -> None:
    get_user(db)
    record_event(db)
    db.execute("UPDATE ttfd.cross_platform_events SET created_at = now() - interval '10 minutes'")
    assert trouble(database_url) == {"worker": "failure", "queue": "failure"}


def test_a_transaction_that_is_left_open_is_named(
    db: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client(db).take_lead()
    monkeypatch.setattr(doctor, "_LONG_TRANSACTION_MINUTES", 0)
    with psycopg.connect(database_url) as other:
        other.execute("SELECT 1")
        found = [one for one in examine(database_url, is_quick=True) if one.check == "transactions"]
        assert [one.values["pid"] for one in found] == [other.info.backend_pid]


def test_a_pooler_that_swallows_notifications_is_named(
    db: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client(db).take_lead()
    monkeypatch.setattr(doctor, "_hears_itself", lambda connection, url: False)
    assert trouble(database_url) == {"listener": "warning"}


def test_a_clock_that_is_an_hour_off_is_a_failure(
    db: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client(db).take_lead()
    now = doctor.time.time
    monkeypatch.setattr(doctor.time, "time", lambda: now() + 3600)
    assert trouble(database_url) == {"clock": "failure"}


def test_a_server_that_risks_its_data_is_a_failure(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_CHECKS", [doctor._check_durability])
    assert trouble(database_url) == {"durability": "failure"}


def test_an_empty_database_is_told_to_migrate_and_nothing_else(empty_database_url: str) -> None:
    found = list(examine(empty_database_url))
    assert [(one.check, one.todo) for one in found if one.status != "ok"] == [("schema", "Run: ttfd migrate")]


def test_what_an_upgrade_has_yet_to_make_was_not_changed_by_hand(db: psycopg.Connection, database_url: str) -> None:
    db.execute("DELETE FROM _yoyo_migration WHERE migration_id LIKE '0107%'")
    found = {one.check: one.todo for one in examine(database_url)}
    assert found["drift"] == found["schema"] == "Run: ttfd migrate"


def test_a_server_that_does_not_answer_is_the_only_finding() -> None:
    (found,) = examine("postgresql://u:secret@127.0.0.1:1/x")
    assert (found.check, found.status) == ("connection", "failure")
    assert "secret" not in str(found)


def test_a_server_that_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._ANSWER_SECONDS <= connect.LIVELINESS["connect_timeout"] <= 15
    monkeypatch.setitem(connect.LIVELINESS, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as hole:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://u:secret@127.0.0.1:{hole.getsockname()[1]}/x")
        began = time.monotonic()
        shown = CliRunner().invoke(app, ["doctor", "--language", "en"])
    assert time.monotonic() - began < limit(5)
    assert shown.exit_code == 1
    assert re.fullmatch(r"✗ connection: \S+ does not answer: .*timeout.*\n +→ Check DATABASE_URL.*\n", shown.output)
    assert "secret" not in shown.output


@pytest.mark.parametrize("last", ["version", "schema", "queue"])
def test_a_server_that_falls_silent_is_given_up_and_nothing_else_is_looked_at(
    server: Server, db: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    monkeypatch.setattr(doctor, "_ANSWER_SECONDS", 0.3)
    with network(server) as between:
        found = []
        for finding in examine(make_conninfo(database_url, host="127.0.0.1", port=between.port)):
            found.append((finding.check, finding.status))
            if finding.check == last:
                between.swallow()
        assert finding.values["reason"] == "the server has not answered for 0.3 s"
    assert found[-2:] == [(last, found[-2][1]), ("connection", "failure")]


def test_who_may_not_look_is_told_so(db: psycopg.Connection, database_url: str) -> None:
    db.execute("CREATE ROLE onlooker")
    try:
        found = trouble(f"{database_url}&options=-crole%3Donlooker")
    finally:
        db.execute("DROP ROLE onlooker")
    assert found["queue"] == "warning"


def test_who_may_make_a_database_but_not_what_is_in_it_is_told_so_and_loses_no_finding(
    db: psycopg.Connection, database_url: str
) -> None:
    db.execute("CREATE ROLE builder CREATEDB IN ROLE ttfd_admin; GRANT SELECT ON public._yoyo_migration TO builder")
    try:
        found = {one.check: one.status for one in examine(f"{database_url}&options=-crole%3Dbuilder")}
    finally:
        db.execute("DROP OWNED BY builder; DROP ROLE builder")
    assert (found["drift"], found["integrity"]) == ("warning", "ok")


def test_a_migration_that_cannot_be_tried_is_named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_url: str) -> None:
        raise MigrationError("Cannot apply 0001.roles: no")

    monkeypatch.setattr(drift, "find_drift", fail)
    monkeypatch.setattr(doctor, "_CHECKS", [])
    found = {one.check: one for one in examine(database_url)}
    assert (found["drift"].status, found["drift"].values["reason"]) == ("failure", "Cannot apply 0001.roles: no")
    assert "integrity" in found


def test_a_server_that_falls_silent_while_schemas_are_compared_is_given_up(
    server: Server, db: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drift._ANSWER_SECONDS <= doctor._LONG_ANSWER_SECONDS
    monkeypatch.setattr(drift, "_ANSWER_SECONDS", 0.3)
    with network(server) as between:

        def fall_silent(*parts: str) -> connect.AnsweredConnection:
            connection = connect.open_connection(*parts)
            between.swallow()
            return connection

        monkeypatch.setattr(drift, "open_connection", fall_silent)
        with pytest.raises(psycopg.OperationalError, match=r"has not answered for 0\.3 s"):
            drift.read_objects(make_conninfo(database_url, host="127.0.0.1", port=between.port))


def test_the_command_shows_a_line_for_each_check_and_what_to_do(
    db: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    db.execute("UPDATE ttfd.epoch_origin SET origin = '1/2/3'")
    shown = CliRunner().invoke(app, ["doctor", "--quick", "--language", "en"])
    assert shown.exit_code == 1
    assert "✗ epoch: this is a restored backup" in shown.output
    assert "    → Start a worker: it renews the epoch." in shown.output
    assert (
        "✗ эпоха: это восстановленная копия"
        in CliRunner().invoke(app, ["doctor", "--quick", "--language", "ru"]).output
    )
    found = json.loads(CliRunner().invoke(app, ["doctor", "--quick", "--json", "--language", "en"]).output)
    assert {one["check"]: one["status"] for one in found}["epoch"] == "failure"
    db.execute("SELECT ttfd.renew_epoch(), ttfd.take_lead()")
    assert CliRunner().invoke(app, ["doctor", "--quick"]).exit_code == 0


def test_every_text_has_its_translation_with_the_same_fields() -> None:
    source = Path(doctor.__file__).read_text(encoding="utf-8")
    texts = re.findall(r'marked\("([^"]+)"\)', source)
    checks = [check.__name__.removeprefix("_check_") for check in doctor._CHECKS + doctor._LONG_CHECKS]
    assert len(texts) > 30
    with LOCALE.open("rb") as file:
        catalogue = {message.id: message.string for message in read_po(file)}
    for text in [*texts, *checks, "connection"]:
        assert catalogue.get(text), text
        assert sorted(re.findall(r"{\w+}", catalogue[text])) == sorted(re.findall(r"{\w+}", text))


def test_no_finding_asks_for_a_value_that_it_does_not_have(db: psycopg.Connection, database_url: str) -> None:
    for found in examine(database_url):
        assert isinstance(found, Finding)
        (found.message + found.todo).format(**found.values)
