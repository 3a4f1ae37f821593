"""What the tests of kills and outages share: a server of their own, clients that resend, and a line for the report."""

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psycopg

from support import limit, other_binaries, temporary_directory
from ttfd import Client, embedded, new_event_id
from ttfd.embedded import Server
from ttfd.errors import TtfdError
from ttfd.migrate import migrate

WORKER = "import sys; from ttfd.worker import Worker; Worker(sys.argv[1]).run()"
MEMBERS = 100


def scaled(name: str, default: int) -> int:
    """How much of something: a few by default, as much as is promised where the environment says so."""
    return int(os.environ.get(f"TTFD_SOAK_{name}", default))


def report(what: str, **figures: object) -> None:
    """A line of docs/reliability.md, when somebody collects them."""
    if place := os.environ.get("TTFD_SOAK_REPORT"):
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, **figures}) + "\n")


@contextlib.contextmanager
def durable_server() -> Iterator[Server]:
    """A server whose commits survive that it is killed. A power cut is not tried, so nobody waits for the disk."""
    with temporary_directory() as place:
        server = embedded.start(place, settings={"fsync": "off"}, binaries=other_binaries())
        try:
            migrate(server.url)
            yield server
        finally:
            embedded.stop(place, mode="immediate")


def crash(server: Server) -> None:
    """Stop the server as a kill would, and start it again."""
    embedded.stop(server.directory, mode="immediate")
    embedded.start(server.directory, settings={"fsync": "off"}, binaries=other_binaries())


class Senders:
    """Clients that send, and send again with the same id whenever they are in doubt.

    So many events at least, and for as long as the block lasts: what is done in it happens under load.
    """

    def __init__(self, url: str, events: int, count: int = 8) -> None:
        self.ids: list[UUID] = []
        self.doubts = 0
        self.slowest = 0.0
        self._url = url
        self._threads = [threading.Thread(target=self._send, args=(n, events // count)) for n in range(count)]
        self._errors: list[Exception] = []
        self._may_end = threading.Event()

    def __enter__(self) -> "Senders":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._may_end.set()
        for thread in self._threads:
            thread.join()
        assert not self._errors, self._errors

    @property
    def are_sending(self) -> bool:
        """Not once one of them has given up, whose error is raised at the end."""
        return all(thread.is_alive() for thread in self._threads)

    def _send(self, number: int, events: int) -> None:
        dice = random.Random(number)
        client = Client(self._url)
        sent = 0
        while sent < events or not self._may_end.is_set():
            sent += 1
            event_id, member = new_event_id(), str(dice.randint(1, MEMBERS))
            call = client.apply_event if dice.random() < 0.2 else client.record_event
            began = time.monotonic()
            try:
                while not self._is_sent(call, event_id, member):
                    self.doubts += 1
                    time.sleep(0.05)
            except Exception as error:
                self._errors.append(error)
                return
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.ids.append(event_id)
        client.close()

    def _is_sent(self, call: Callable[..., object], event_id: UUID, member: str) -> bool:
        try:
            call(event_id, "telegram", member, "game_played", {"xp": 1, "coins": 1})
        except TtfdError:
            raise
        except psycopg.Error:
            return False
        return True


def start_worker(url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, url], stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def two_workers(url: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """One that leads and one that stands by; the list may get others in their places."""
    workers = [start_worker(url), start_worker(url)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def wait_until_drained(url: str, seconds: float = limit(30)) -> float:
    """Return how long it took until nothing waited."""
    began = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        while Client(connection).feed_state().pending:
            assert time.monotonic() - began < seconds, "events still wait"
            time.sleep(0.05)
    return time.monotonic() - began


def check_ledger(url: str, ids: list[UUID]) -> None:
    """Each event once and none but these, and balances that are exactly their sum."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = [
            row[0]
            for row in connection.execute(
                "SELECT id FROM ttfd.cross_platform_events WHERE event_type = 'game_played' AND processed"
            )
        ]
        assert len(found) == len(set(found)), "doubled"
        assert set(ids) - set(found) == set(), "lost"
        assert set(found) - set(ids) == set(), "made up"
        # Achievements earn XP and coins of their own; what they add up to is verify_integrity's part.
        assert connection.execute("SELECT sum(games_played) FROM ttfd.unified_users").fetchone() == (len(ids),)
        assert Client(connection).verify_integrity() == []
