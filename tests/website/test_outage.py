"""Open pages outlive whatever is torn down: the site, its connection to the feed, the database. Nothing is missed.

``TTFD_WEB_CUTS=100`` is how often the connection to the feed has to be cut.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from calls import Connection
from serving import SERVE, Listener, serving
from support import FAST_AND_UNSAFE, other_binaries, temporary_directory
from ttfd import Client, embedded, new_event_id
from ttfd.migrate import migrate

CUTS = int(os.environ.get("TTFD_WEB_CUTS", "12"))
PATIENCE_SECONDS = 40.0


class OpenPages:
    """Pages that stay open in a thread of their own."""

    def __init__(self, port: int, number: int = 5) -> None:
        self.listeners = [Listener(port) for _ in range(number)]
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(listener.run(self._over) for listener in self.listeners))

        self._loop.run_until_complete(all_of_them())
        self._loop.close()

    def __enter__(self) -> "OpenPages":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def expect(self, head: int) -> None:
        """Every page has been told every event up to here, each once."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if all(listener.position == head for listener in self.listeners):
                break
            time.sleep(0.05)
        assert [(listener.position, listener.told) for listener in self.listeners] == [(head, head)] * len(
            self.listeners
        )


def happen(database_url: str, number: int = 3) -> int:
    """Some events; gives the head."""
    with Client(database_url) as client:
        for _ in range(number):
            client.record_event(new_event_id(), "telegram", "1", "message_sent")
        return client.process_events().head


@contextmanager
def pages_of(database_url: str) -> Iterator[tuple[int, OpenPages]]:
    with serving(database_url) as server:
        port = server.address.port
        assert port
        with OpenPages(port) as pages:
            pages.expect(happen(database_url))
            yield port, pages
            server.stop()


def test_a_listener_that_is_cut_again_and_again_misses_nothing(database_url: str, db: Connection) -> None:
    cut = (
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'ttfd listener'"
    )
    with pages_of(database_url) as (_port, pages):
        for _ in range(CUTS):
            killed: list[int] = []
            end = time.monotonic() + PATIENCE_SECONDS
            while not sum(killed):
                assert time.monotonic() < end, "the listener does not come back"
                killed += [row[0] for row in db.execute(cut)]  # type: ignore[index]
            head = happen(database_url)
        pages.expect(head)
        assert {listener.connects for listener in pages.listeners} == {1}, "the pages themselves were not cut"


def test_a_site_that_is_killed_and_started_again_misses_nothing(database_url: str, db: Connection) -> None:
    with serving(database_url) as first:
        port = first.address.port
        assert port
        with OpenPages(port) as pages:
            pages.expect(happen(database_url))
            os.killpg(first.process.pid, signal.SIGKILL)
            first.process.wait()
            happen(database_url)
            with serving(database_url, [*SERVE[:-1], str(port)]) as second:
                pages.expect(happen(database_url))
                second.stop()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_that_is_started_again_misses_nothing(mode: str) -> None:
    with temporary_directory() as place:
        database = embedded.start(place, settings=FAST_AND_UNSAFE | {"fsync": "on"}, binaries=other_binaries())
        try:
            url = database.database_url("postgres")
            migrate(url)
            with pages_of(url) as (port, pages):
                embedded.stop(place, mode=mode)
                with pytest.raises(psycopg.OperationalError):
                    happen(url)
                assert status(port, "/") == 503
                embedded.start(place, settings=FAST_AND_UNSAFE | {"fsync": "on"}, binaries=other_binaries())
                pages.expect(happen(url))
                assert status(port, "/") == 200
        finally:
            embedded.stop(place, mode="immediate")


def status(port: int, path: str) -> int:
    async def ask() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.readline()
        writer.close()
        return int(answer.split()[1])

    return asyncio.run(ask())
