"""The outbox: nothing is lost by an outage or a kill, nothing counts twice, nothing bad holds up the rest."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from outage import outage

from calls import Connection, process_all, rows, value, violations
from ttfd import AsyncClient, event_id_for
from ttfd.bots.database import create_pool
from ttfd.bots.outbox import Outbox
from ttfd.errors import PlatformNotAllowedError


def put(outbox: Outbox, number: int, external_id: str = "1", event_type: str = "message_sent") -> UUID:
    event_id = event_id_for("test", number)
    outbox.put(event_id, "telegram", external_id, event_type)
    return event_id


def with_outbox(path: Path, url: str, do: Callable[[Outbox], Awaitable[None]]) -> None:
    async def run() -> None:
        async with create_pool(url, "test") as pool:
            outbox = Outbox(path, AsyncClient(pool))
            await do(outbox)
            await outbox.close()

    asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def counted(db: Connection) -> int:
    process_all(db)
    assert violations(db) == []
    return int(value(db, "SELECT coalesce(sum(messages_sent), 0) FROM ttfd.unified_users"))


def test_what_is_put_arrives_once(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def do(outbox: Outbox) -> None:
        sender = asyncio.create_task(outbox.run())
        for number in range(450):
            put(outbox, number)
            put(outbox, number)
        await until(lambda: outbox.waiting == 0)
        put(outbox, 7)
        await until(lambda: outbox.waiting == 0)
        sender.cancel()

    with_outbox(tmp_path / "outbox", database_url, do)
    assert counted(db) == 450


def test_an_outage_loses_nothing_and_what_was_earned_counts_when_it_happened(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def do(outbox: Outbox) -> None:
        sender = asyncio.create_task(outbox.run())
        with outage(database_url):
            outbox.put(event_id_for(1), "telegram", "1", "message_sent", occurred_at="2026-03-01T12:00:00+00:00")
            await until(lambda: outbox.is_stuck)
            outbox.put(event_id_for(2), "telegram", "1", "message_sent", occurred_at="2026-03-01T12:05:00+00:00")
        await until(lambda: outbox.waiting == 0)
        await until(lambda: not outbox.is_stuck)
        sender.cancel()

    with_outbox(tmp_path / "outbox", database_url, do)
    with psycopg.connect(database_url, autocommit=True) as again:
        assert counted(again) == 2
        found = rows(again, "SELECT occurred_at FROM ttfd.cross_platform_events ORDER BY occurred_at")
        assert [row.occurred_at.minute for row in found] == [0, 5]
        assert value(again, "SELECT sum(xp) FROM ttfd.unified_users") == 10


_KILLED = """
import sys
from pathlib import Path
from ttfd import AsyncClient, event_id_for
from ttfd.bots.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]), AsyncClient("postgresql://nobody@127.0.0.1:1/nowhere"))
for number in range(100):
    outbox.put(event_id_for("test", number), "telegram", "1", "message_sent")
print("put", flush=True)
sys.stdin.read()
"""


def test_what_was_put_survives_a_kill(db: Connection, database_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "outbox")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"put"
        process.kill()

    async def do(outbox: Outbox) -> None:
        assert outbox.waiting == 100

    with_outbox(tmp_path / "outbox", database_url, do)  # close() sends
    assert counted(db) == 100


def test_an_event_that_is_refused_holds_up_no_other(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def do(outbox: Outbox) -> None:
        for number in range(20):
            put(outbox, number, external_id="not a number" if number == 13 else "1")
        put(outbox, 20, event_type="no_such_type")
        while await outbox.send():
            pass
        assert (outbox.waiting, outbox.refused) == (0, 2)

    with_outbox(tmp_path / "outbox", database_url, do)
    assert counted(db) == 19


def test_a_name_that_cannot_be_loses_no_event(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def do(outbox: Outbox) -> None:
        outbox.put(event_id_for(1), "telegram", "1", "message_sent", names=("anna", "An\x00na"))
        outbox.put(event_id_for(2), "telegram", "2", "message_sent", names=("boris", "Борис"))
        while await outbox.send():
            pass
        assert (outbox.waiting, outbox.refused) == (0, 0)

    with_outbox(tmp_path / "outbox", database_url, do)
    assert counted(db) == 2
    assert value(db, "SELECT display_name FROM ttfd.unified_users WHERE telegram_id = '2'") == "Борис"


def test_an_error_that_nobody_has_thought_of_does_not_end_the_sending(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def do(outbox: Outbox) -> None:
        with sqlite3.connect(tmp_path / "outbox") as other:
            other.execute("ALTER TABLE waiting RENAME TO elsewhere")
        sender = asyncio.create_task(outbox.run())
        await until(lambda: outbox.is_stuck)
        with sqlite3.connect(tmp_path / "outbox") as other:
            other.execute("ALTER TABLE elsewhere RENAME TO waiting")
        put(outbox, 1)
        await until(lambda: outbox.waiting == 0)
        sender.cancel()

    with_outbox(tmp_path / "outbox", database_url, do)
    assert counted(db) == 1
    assert "OperationalError" in caplog.text


def test_events_wait_for_a_role_that_may_speak(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def do(outbox: Outbox) -> None:
        put(outbox, 1)
        with pytest.raises(PlatformNotAllowedError):
            await outbox.send()
        assert (outbox.waiting, outbox.refused) == (1, 0)

    db.execute("DROP ROLE IF EXISTS outbox_reader")
    db.execute("CREATE ROLE outbox_reader LOGIN PASSWORD 'x' IN ROLE ttfd_discord")
    url = psycopg.conninfo.make_conninfo(database_url, user="outbox_reader", password="x")  # noqa: S106
    with_outbox(tmp_path / "outbox", url, do)
    db.execute("DROP ROLE outbox_reader")
