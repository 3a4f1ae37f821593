"""Connections on which everything is acknowledged and nothing answered: whoever waits notices, and goes on."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from networks import Network, network
from soaking import durable_server, report, scaled, wait_until_drained
from support import limit
from ttfd import AsyncClient, Client, FeedListener, connect, new_event_id, worker
from ttfd.bots import lease
from ttfd.bots.database import create_pool
from ttfd.embedded import Server
from ttfd.website.database import Database
from ttfd.website.live import Hub
from ttfd.worker import Worker

# Of the times that are promised: a tenth, or as much as the environment says, in hundredths.
SHARE = max(10, scaled("BLACK_HOLES", 0)) / 100
# The fewer seconds there are between the end of a ghost and its owner's patience, the more of them a busy server needs.
ANSWER_SECONDS = connect.AnsweredConnection.answer_seconds * (SHARE if SHARE >= 1 else 2 * SHARE)
GHOST_SECONDS = 15 * SHARE
NOTICED_SECONDS = ANSWER_SECONDS + 5 * SHARE + 3  # a probe or a poll before it, a new attempt after it
EVENTS = 200


@pytest.fixture(autouse=True)
def sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the times, unless all is asked for."""
    for kind in (connect.AnsweredConnection, connect.AnsweredAsyncConnection):
        monkeypatch.setattr(kind, "answer_seconds", ANSWER_SECONDS)
    monkeypatch.setattr(worker, "_ANSWER_SECONDS", worker._ANSWER_SECONDS * SHARE)
    monkeypatch.setattr(lease, "_PROBE_SECONDS", lease._PROBE_SECONDS * SHARE)
    for module in (worker, lease):
        monkeypatch.setattr(module, "END_SILENT_SESSION", f"SET idle_session_timeout = {GHOST_SECONDS * 1000:.0f}")


@pytest.fixture(scope="module")
def far_server() -> Iterator[Server]:
    with durable_server() as server:
        yield server


@pytest.fixture
def between(far_server: Server) -> Iterator[Network]:
    with network(far_server) as hops:
        yield hops


def through(server: Server, hops: Network) -> str:
    return make_conninfo(server.url, host="127.0.0.1", port=hops.port)


def until(condition: Callable[[], bool], seconds: float = NOTICED_SECONDS) -> float:
    """How long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit(seconds), "not noticed"
        time.sleep(0.02)
    return time.monotonic() - began


@contextlib.contextmanager
def running(target: Callable[[], object], stop: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(limit(20))
        assert not thread.is_alive()


def send(url: str, count: int) -> list[object]:
    """Events that are granted at once, over a way that works."""
    ids = [new_event_id() for _ in range(count)]
    with Client(url) as client:
        for event_id in ids:
            client.record_event(event_id, "telegram", "1", "game_played", {"xp": 1})
    return list(ids)


def test_a_worker_in_a_black_hole_is_followed_by_another_and_comes_back(far_server: Server, between: Network) -> None:
    first, second = Worker(through(far_server, between)), Worker(far_server.url)
    with running(first.run, first.stop):
        until(lambda: first.leads, 20)
        with running(second.run, second.stop):
            between.swallow()
            began = time.monotonic()
            send(far_server.url, EVENTS)
            wait_until_drained(far_server.url, limit(GHOST_SECONDS + 5))
            drained = time.monotonic() - began
            until(lambda: second.leads, GHOST_SECONDS + 3)
            led = time.monotonic() - began
        before = first.processed
        send(far_server.url, EVENTS)
        wait_until_drained(far_server.url, limit(worker._ANSWER_SECONDS + GHOST_SECONDS))
        back = time.monotonic() - began
        assert first.processed > before
    with psycopg.connect(far_server.url) as db:
        assert Client(db).verify_integrity() == []
    report(
        "A worker's connection swallows everything",
        scale=f"{EVENTS:,} events meanwhile, another worker stands by; limits at {SHARE:.0%}",
        result=f"applied after {drained:.1f} s, the other leads after {led:.1f} s, the first after {back:.1f} s again",
    )


def test_a_listener_in_a_black_hole_notices_and_misses_nothing(far_server: Server, between: Network) -> None:
    listener = FeedListener(through(far_server, between), types=["game_played"], poll_seconds=5 * SHARE)
    seen: list[object] = []
    with running(lambda: [seen.extend(e.event_id for e in batch) for batch in listener.batches()], listener.stop):
        until(lambda: listener.looked_at is not None, 20)
        between.swallow()
        ids = send(far_server.url, EVENTS)
        with Client(far_server.url) as client:
            client.process_events()
        seconds = until(lambda: len(seen) >= EVENTS)
        assert seen == ids
    report(
        "A listener's connection swallows everything",
        scale=f"{EVENTS:,} changes meanwhile; limits at {SHARE:.0%}",
        result=f"0 missed, 0 repeated, caught up after {seconds:.1f} s",
    )


def answers(database: Database) -> bool:
    try:
        return database.client().feed_state().pending == 0
    except psycopg.OperationalError:
        return False


def test_streams_of_the_website_go_on_after_a_black_hole(far_server: Server, between: Network) -> None:
    database = Database(through(far_server, between))
    hub = Hub(database)
    told: list[str] = []
    try:
        stream = hub.join()
        threading.Thread(target=lambda: [told.append(text) for text in stream], daemon=True).start()
        until(lambda: bool(told), 20)
        with Client(far_server.url) as client:
            client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 1})
            client.process_events()
            until(lambda: len(told) == 2, 20)
            between.swallow()
            until(lambda: answers(database), 5)
            client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 2})
            client.process_events()
        until(lambda: '"xp":2' in told[-1])
    finally:
        hub.close()
        database.close()


def has_lock(server: Server, connection: psycopg.AsyncConnection[Any] | None) -> bool:
    assert connection is not None
    with psycopg.connect(server.url) as db:
        found = db.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted").fetchall()
    return (connection.info.backend_pid,) in found


def test_a_bot_in_a_black_hole_keeps_its_lease_and_its_member_is_answered(far_server: Server, between: Network) -> None:
    url = through(far_server, between)

    async def run() -> tuple[float, float]:
        held = lease.Lease(url, "bot")
        await held.acquire()
        ghost = held._connection
        async with create_pool(url, "bot") as pool:
            client = AsyncClient(pool)
            await client.feed_state()
            between.swallow()
            began = time.monotonic()
            await client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 1})
            waited = time.monotonic() - began
            async with pool.connection() as connection:
                between.swallow()
                began = time.monotonic()
                with pytest.raises(psycopg.OperationalError):
                    await connection.execute("SELECT ttfd.feed_state()")
                gave_up = time.monotonic() - began
        began = time.monotonic()
        while held._connection in (ghost, None) or not has_lock(far_server, held._connection):
            assert not held.lost.is_set(), "its own forgotten session has the lock"
            assert time.monotonic() - began < limit(ANSWER_SECONDS + lease._PROBE_SECONDS), "nobody has the lock"
            await asyncio.sleep(0.1)
        await held.release()
        return waited, gave_up

    waited, gave_up = asyncio.run(run())
    assert waited < limit(3)
    assert gave_up < limit(ANSWER_SECONDS + 1)
    report(
        "A bot's connections swallow everything",
        scale=f"before a call, and during one; limits at {SHARE:.0%}",
        result=f"before: made {waited:.1f} s later; during: failed after {gave_up:.1f} s; the lease is kept",
    )


def test_a_client_in_a_black_hole_makes_its_call_on_another_connection(far_server: Server, between: Network) -> None:
    with Client(through(far_server, between)) as client:
        client.feed_state()
        between.swallow()
        began = time.monotonic()
        assert client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 1}).status == "applied"
        waited = time.monotonic() - began
    assert ANSWER_SECONDS <= waited < limit(NOTICED_SECONDS)
    report(
        "A client's connection swallows everything",
        scale=f"during a call; limits at {SHARE:.0%}",
        result=f"made on another connection {waited:.1f} s later, once",
    )


def test_whoever_holds_a_lock_and_is_silent_loses_it(far_server: Server, between: Network) -> None:
    """As a bot whose machine was switched off: nothing ends its connection but the server."""

    async def run() -> None:
        held = lease.Lease(through(far_server, between), "bot")
        await held.acquire()
        assert held._keeper is not None
        held._keeper.cancel()
        await asyncio.wait_for(lease.Lease(far_server.url, "bot").acquire(), limit(GHOST_SECONDS + 5))

    asyncio.run(run())
