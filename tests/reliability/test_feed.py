"""The feed under load: whoever follows it misses nothing and sees nothing twice."""

import random
import threading
import time
from contextlib import ExitStack
from uuid import UUID

import psycopg

from ttfd import FeedListener, new_event_id
from ttfd.worker import Worker

WRITERS = 16
READERS = 3
COMMITS = 20_000
ROLLBACK_SHARE = 0.05


def test_a_follower_misses_and_repeats_nothing_where_a_naive_reader_does(
    db: psycopg.Connection, database_url: str
) -> None:
    db.execute(
        "SELECT ttfd.get_or_create_user('telegram', n::text, NULL, NULL) FROM generate_series(1, 200) AS numbers (n)"
    )
    committed: list[list[UUID]] = [[] for _ in range(WRITERS)]
    writers = [
        threading.Thread(target=write, args=(database_url, number, committed[number])) for number in range(WRITERS)
    ]
    listeners = [FeedListener(database_url, after=0, poll_seconds=1) for _ in range(READERS)]
    seen: list[list[tuple[int, UUID]]] = [[] for _ in listeners]
    readers = [
        threading.Thread(target=follow, args=(listener, found)) for listener, found in zip(listeners, seen, strict=True)
    ]
    naive = NaiveReader(database_url)
    workers = [Worker(database_url, limit=500) for _ in range(2)]
    running = [threading.Thread(target=worker.run) for worker in workers]
    helpers = [*readers, naive, *running]

    with ExitStack() as stack:
        for thread in helpers:
            thread.start()
            stack.callback(thread.join)
        for stoppable in (*listeners, naive, *workers):
            stack.callback(stoppable.stop)
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
        expected = {event_id for ids in committed for event_id in ids}
        assert len(expected) >= COMMITS
        head = wait_until_processed(db)
        naive.finish()
        deadline = time.monotonic() + 20
        while any(len(found) < head for found in seen) and time.monotonic() < deadline:
            time.sleep(0.05)

    for found in seen:
        assert [position for position, _ in found] == list(range(1, head + 1)), "gaps, doubles or wrong order"
        ids = [event_id for _, event_id in found]
        assert expected <= set(ids), "missed"
        assert len(set(ids)) == len(ids), "doubled"
    assert not expected <= naive.seen, "the control must miss rows: else this test proves nothing"
    assert db.execute("SELECT kind, user_id FROM ttfd.verify_integrity()").fetchall() == []


def write(url: str, number: int, committed: list[UUID]) -> None:
    """Record events, one transaction each, with pauses in the middle of some and rollbacks of some."""
    dice = random.Random(number)
    with psycopg.connect(url) as connection:
        while len(committed) < COMMITS // WRITERS:
            event_id = new_event_id()
            connection.execute(
                "SELECT status FROM ttfd.record_event(%s, 'telegram', %s, 'message_sent', '{}')",
                [event_id, str(dice.randint(1, 200))],
            )
            if dice.random() < 0.2:
                time.sleep(dice.random() * 0.01)
            if dice.random() < ROLLBACK_SHARE:
                connection.rollback()
            else:
                connection.commit()
                committed.append(event_id)


def follow(listener: FeedListener, found: list[tuple[int, UUID]]) -> None:
    for batch in listener.batches():
        found.extend((event.position, event.event_id) for event in batch)


class NaiveReader(threading.Thread):
    """What everybody writes first: remember the last id and ask for what is greater."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._stopped = threading.Event()
        self._finished = threading.Event()
        self.seen: set[UUID] = set()

    def run(self) -> None:
        last = 0
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stopped.wait(0.002):
                rows = connection.execute(
                    "SELECT seq, id FROM ttfd.cross_platform_events WHERE seq > %s ORDER BY seq", [last]
                ).fetchall()
                self.seen.update(row[1] for row in rows)
                last = rows[-1][0] if rows else last
                if not rows:
                    self._finished.set()

    def finish(self) -> None:
        """Wait until it has read what it will ever find."""
        self._finished.clear()
        assert self._finished.wait(10)

    def stop(self) -> None:
        self._stopped.set()


def wait_until_processed(db: psycopg.Connection) -> int:
    """The head of the feed, once nothing is pending."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        row = db.execute("SELECT head, pending FROM ttfd.feed_state()").fetchone()
        assert row is not None
        if row[1] == 0:
            return int(row[0])
        time.sleep(0.05)
    raise AssertionError("events are still pending")
