"""The lease: one process at a time, and the next one takes over when the first ends in whatever way."""

import asyncio

import psycopg
import pytest
from outage import outage
from telegram_chat import until

from calls import Connection, value
from ttfd.bots import lease as module
from ttfd.bots.lease import Lease
from ttfd.bots.tasks import end_tasks


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(module, "_PROBE_SECONDS", 0.05)


class Held(Lease):
    """Asks for the lease only while it may: so another is faster."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, name)
        self.may_ask = asyncio.Event()
        self.may_ask.set()

    async def _attempt(self) -> str:
        await self.may_ask.wait()
        return await super()._attempt()


STANDING_BY = "another process does this already: {}. Standing by until it ends."
HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"


def test_the_second_stands_by_until_the_first_ends(
    db: Connection, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        first, second, other = (Lease(database_url, name) for name in ("bot 1", "bot 1", "bot 2"))
        await first.acquire()
        await other.acquire()
        waiting = asyncio.create_task(second.acquire())
        await until(lambda: STANDING_BY.format("bot 1") in caplog.messages)
        await asyncio.sleep(0.2)  # some further attempts
        assert not waiting.done()
        await first.release()
        await asyncio.wait_for(waiting, 10)
        await second.release()
        await other.release()

    asyncio.run(run())
    assert [said for said in caplog.messages if "already" in said] == [STANDING_BY.format("bot 1")]


def test_whoever_lost_its_connection_takes_the_lease_again(
    db: Connection, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        lease = Lease(database_url, "bot")
        await lease.acquire()
        with outage(database_url):
            await asyncio.sleep(0.3)  # some attempts
            assert not lease.lost.is_set()
        with psycopg.connect(database_url, autocommit=True) as again:
            await until(lambda: value(again, HELD) == 1)
        rival = Lease(database_url, "bot")
        waiting = asyncio.create_task(rival.acquire())
        await until(lambda: STANDING_BY.format("bot") in caplog.messages)
        assert not lease.lost.is_set()
        await end_tasks(waiting)
        await rival.release()
        await lease.release()

    asyncio.run(run())


def test_whoever_was_too_slow_is_told(db: Connection, database_url: str) -> None:
    async def run() -> None:
        lease, rival = Held(database_url, "bot"), Lease(database_url, "bot")
        await lease.acquire()
        lease.may_ask.clear()
        assert value(db, HELD) == 1
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        await asyncio.wait_for(rival.acquire(), 20)
        assert not lease.lost.is_set()
        lease.may_ask.set()
        await asyncio.wait_for(lease.lost.wait(), 20)
        await rival.release()
        await lease.release()

    asyncio.run(run())


def test_a_database_that_is_away_is_waited_for(
    db: Connection, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        lease = Lease(database_url, "bot")
        with outage(database_url):
            waiting = asyncio.create_task(lease.acquire())
            await until(lambda: "the database cannot be reached: bot starts as soon as it can" in caplog.messages)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 20)
        await lease.release()

    asyncio.run(run())
