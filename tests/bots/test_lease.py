"""The lease: one process at a time, and the next one takes over when the first ends in whatever way."""

import asyncio

import pytest
from outage import outage

from calls import Connection, value
from ttfd.bots import lease as module
from ttfd.bots.lease import Lease


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(module, "_PROBE_SECONDS", 0.05)


async def is_waiting(task: "asyncio.Task[None]") -> bool:
    await asyncio.sleep(0.3)
    return not task.done()


def test_the_second_stands_by_until_the_first_ends(
    db: Connection, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        first, second, other = (Lease(database_url, name) for name in ("bot 1", "bot 1", "bot 2"))
        await first.acquire()
        await other.acquire()
        waiting = asyncio.create_task(second.acquire())
        assert await is_waiting(waiting)
        await first.release()
        await asyncio.wait_for(waiting, 10)
        await second.release()
        await other.release()

    asyncio.run(run())
    assert [record.message for record in caplog.records if "already" in record.message] == [
        "another process does this already: bot 1. Standing by until it ends."
    ]


def test_whoever_lost_its_connection_takes_the_lease_again(db: Connection, database_url: str) -> None:
    async def run() -> None:
        lease = Lease(database_url, "bot")
        await lease.acquire()
        with outage(database_url):
            await asyncio.sleep(0.3)
            assert not lease.lost.is_set()
        await asyncio.sleep(0.5)
        assert not lease.lost.is_set()
        rival = asyncio.create_task(Lease(database_url, "bot").acquire())
        assert await is_waiting(rival)
        rival.cancel()
        await lease.release()

    asyncio.run(run())


def test_whoever_was_too_slow_is_told(db: Connection, database_url: str) -> None:
    async def run() -> None:
        lease = Lease(database_url, "bot")
        await lease.acquire()
        rival = asyncio.create_task(Lease(database_url, "bot").acquire())
        await asyncio.sleep(0.1)
        module_probe, module._PROBE_SECONDS = module._PROBE_SECONDS, 0.5
        await asyncio.sleep(0.1)  # the keeper sleeps the longer time from now on
        assert value(db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") == 1
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        await asyncio.wait_for(rival, 10)
        await asyncio.wait_for(lease.lost.wait(), 10)
        module._PROBE_SECONDS = module_probe

    asyncio.run(run())


def test_a_database_that_is_away_is_waited_for(
    db: Connection, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        lease = Lease(database_url, "bot")
        with outage(database_url):
            waiting = asyncio.create_task(lease.acquire())
            assert await is_waiting(waiting)
        await asyncio.wait_for(waiting, 10)
        await lease.release()

    asyncio.run(run())
    assert "the database cannot be reached: bot starts as soon as it can" in caplog.messages
