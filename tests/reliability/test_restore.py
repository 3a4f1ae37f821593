"""A dump is taken under load and restored into another cluster: consumers notice, and announce nothing twice."""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from soaking import Senders, durable_server, report, scaled, two_workers, wait_until_drained
from support import limit, other_binaries, temporary_directory
from ttfd import Client, FeedListener, embedded, new_event_id
from ttfd.embedded import Server
from ttfd.models import FeedEvent

EVENTS = scaled("RESTORE_EVENTS", 1000)


class Consumer:
    """A program that announces what it reads from the feed, and remembers where it was."""

    def __init__(self) -> None:
        self.announced: list[FeedEvent] = []
        self.position: int | None = 0
        self.epoch = None
        self.resyncs = 0

    def follow(self, url: str) -> "Following":
        return Following(self, url)


class Following:
    """A run of the consumer against a database; in the block it follows."""

    def __init__(self, consumer: Consumer, url: str) -> None:
        self.consumer = consumer
        self.listener = FeedListener(url, after=consumer.position, epoch=consumer.epoch)
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        for batch in self.listener.batches():
            self.consumer.announced.extend(batch)

    def __enter__(self) -> FeedListener:
        self._thread.start()
        while self.listener.looked_at is None:
            time.sleep(0.01)
        return self.listener

    def __exit__(self, *_: object) -> None:
        self.listener.stop()
        self._thread.join()
        self.consumer.position = self.listener.position
        self.consumer.epoch = self.listener.epoch
        self.consumer.resyncs += self.listener.resyncs


def run(server: Server, program: str, *arguments: str) -> float:
    """How long the program took."""
    began = time.monotonic()
    environment = os.environ | {"PGPASSFILE": str(server.passfile)}
    subprocess.run([server.binaries / program, *arguments], env=environment, check=True, timeout=300)
    return time.monotonic() - began


def dump_of(server: Server) -> Path:
    return server.directory / "community.dump"


def roles_of(server: Server) -> Path:
    return server.directory / "roles.sql"


def dump(server: Server) -> float:
    """Write what docs/operations.md says into the server's folder; how long it took."""
    roles = f"--file={roles_of(server)}"
    run(server, "pg_dumpall", "--roles-only", "--no-role-passwords", f"--dbname={server.url}", roles)
    return run(server, "pg_dump", "--format=custom", f"--dbname={server.url}", f"--file={dump_of(server)}")


def restore(source: Server, target: Server) -> None:
    """Roles first, then the dump, into a cluster that has neither."""
    run(target, "psql", "--quiet", f"--dbname={target.url}", f"--file={roles_of(source)}")
    run(target, "pg_restore", "--exit-on-error", f"--dbname={target.url}", str(dump_of(source)))


@contextlib.contextmanager
def fresh_server() -> Iterator[Server]:
    """A cluster of its own, as initdb makes it."""
    with temporary_directory() as place:
        try:
            yield embedded.start(place, settings={"fsync": "off"}, binaries=other_binaries())
        finally:
            embedded.stop(place, mode="immediate")


@contextlib.contextmanager
def leading(url: str) -> Iterator[None]:
    """A worker is at work in the block: it has looked where the feed began."""
    with psycopg.connect(url, autocommit=True) as connection:
        deadline = time.monotonic() + limit(20)
        while not Client(connection).get_metrics().has_leader:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    yield


def head(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        return Client(connection).feed_state().head


def test_after_a_restore_consumers_start_afresh_and_announce_nothing_twice() -> None:
    consumer, bot = Consumer(), Bot()
    with durable_server() as server, fresh_server() as fresh:
        with two_workers(server.url), leading(server.url), consumer.follow(server.url) as listener:
            bot.announce(server.url)
            rank_up(server.url, 701)
            with Senders(server.url, EVENTS) as senders:
                while senders.are_sending and len(senders.ids) < EVENTS / 2:
                    time.sleep(0.01)
                dumped_at, safe = time.time(), list(senders.ids)
                seconds = dump(server)
            rank_up(server.url, 702)
            wait_until_drained(server.url)
            wait_until_followed(listener, server.url)
            bot.announce(server.url)
            assert [kind for kind, _, _ in bot.told].count("rank_up") >= 2
        before = {event.event_id for event in consumer.announced}
        began = time.monotonic()
        restore(server, fresh)
        assert head(fresh.url) < head(server.url), "something must be lost for this to prove anything"
        with two_workers(fresh.url), consumer.follow(fresh.url) as listener:
            deadline = time.monotonic() + limit(10)
            while listener.resyncs == 0:
                assert time.monotonic() < deadline, "the restore was not noticed"
                time.sleep(0.01)
            wait_until_drained(fresh.url)
            recovery_seconds = time.monotonic() - began
            # What had waited in the queue of the dump is applied now; only what is new from here on is announced.
            lost = check_recovery_point(fresh.url, dumped_at, safe)
            assert epoch(fresh.url) != epoch(server.url)
            settled = listener.position
            bot.announce(fresh.url)
            with Senders(fresh.url, 80) as again:
                pass
            rank_up(fresh.url, 703)
            wait_until_drained(fresh.url)
            wait_until_followed(listener, fresh.url)
            bot.announce(fresh.url)
        announced = [event.event_id for event in consumer.announced]
        assert len(announced) == len(set(announced)), "announced twice"
        assert set(again.ids) <= set(announced) - before, f"missed since position {settled}"
        assert len(bot.told) == len(set(bot.told)), "told twice"
        assert bot.told[-1][0] == "rank_up", "what is new is told"
        with psycopg.connect(fresh.url, autocommit=True) as connection:
            assert Client(connection).verify_integrity() == []
    report(
        "Dump under load, restored into a fresh cluster",
        scale=f"{len(senders.ids):,} events, dump {seconds:.1f} s, {len(bot.told)} announcements of a bot",
        result=f"noticed and resynced, nothing announced twice, integrity sound; recovery point {lost:.2f} s before the"
        f" dump began, recovery time {recovery_seconds:.1f} s",
    )


class Bot:
    """One that tells members of their ranks, as both bots do."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, str]] = []
        self._reader = uuid4()

    def announce(self, url: str) -> None:
        """Tell all that waits."""
        with Client(url) as client:
            while waiting := client.take_announcements("telegram", self._reader, 100):
                for found in waiting:
                    self.told.append((found.event_type, found.user_id, str(found.event_id)))
                    client.confirm_announcements("telegram", self._reader, found.position)


def rank_up(url: str, member: int) -> None:
    """A new member reaches a rank."""
    with Client(url) as client:
        for _ in range(5):
            client.apply_event(new_event_id(), "telegram", str(member), "game_played", {"xp": 100})


def epoch(url: str) -> object:
    with Client(url) as client:
        return client.feed_state().epoch


def wait_until_followed(listener: FeedListener, url: str) -> None:
    deadline = time.monotonic() + limit(20)
    while (listener.position or 0) < head(url):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def check_recovery_point(url: str, dumped_at: float, safe: list[UUID]) -> float:
    """What was safe when the dump began is there; seconds between that time and the last event, if it is older."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT id, extract(epoch FROM created_at) FROM ttfd.cross_platform_events"
        ).fetchall()
    assert set(safe) <= {row[0] for row in rows}
    return max(dumped_at - max(float(row[1]) for row in rows), 0.0)


def test_a_dump_keeps_what_a_restored_epoch_is_compared_with() -> None:
    with durable_server() as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            Client(connection).renew_epoch()
            epoch = Client(connection).feed_state().epoch
        dump(server)
        with fresh_server() as fresh:
            restore(server, fresh)
            check_epoch(fresh.url, epoch)


def check_epoch(url: str, epoch: UUID) -> None:
    """It is noticed that this is a copy, and once only."""
    with psycopg.connect(url, autocommit=True) as connection:
        assert Client(connection).get_metrics().is_restored
        renewed = Client(connection).renew_epoch()
        assert (renewed.is_new, renewed.epoch != epoch) == (True, True)
        assert not Client(connection).get_metrics().is_restored
