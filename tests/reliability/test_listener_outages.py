"""A feed listener whose connection is killed again and again, and one that no notification ever reaches."""

import threading
import time

import psycopg

from soaking import report, scaled
from support import limit
from ttfd import Client, FeedListener, new_event_id

CHANGES = scaled("CHANGES", 600)
CUTS = scaled("CUTS", 8)
CAUGHT_UP_SECONDS = limit(6)


def change(db: psycopg.Connection, count: int) -> None:
    """Put so many changes into the feed, a batch each ten."""
    client = Client(db)
    for number in range(count):
        client.apply_event(new_event_id(), "telegram", "1", "game_played", {"coins": 1})
        if number % 10 == 9:
            client.process_events()
    client.process_events()


def follow(listener: FeedListener, seen: list[int]) -> threading.Thread:
    def run() -> None:
        for batch in listener.batches():
            seen.extend(event.position for event in batch)

    thread = threading.Thread(target=run)
    thread.start()
    while listener.epoch is None:
        time.sleep(0.01)
    return thread


def wait_until_seen(seen: list[int], head: int) -> float:
    began = time.monotonic()
    while not seen or seen[-1] < head:
        assert time.monotonic() - began < CAUGHT_UP_SECONDS, f"at {seen[-1:]} of {head}"
        time.sleep(0.01)
    return time.monotonic() - began


def test_a_listener_whose_connection_is_killed_misses_and_repeats_nothing(
    db: psycopg.Connection, database_url: str
) -> None:
    listener = FeedListener(database_url, after=0)
    seen: list[int] = []
    thread = follow(listener, seen)
    try:
        for _ in range(CUTS):
            change(db, CHANGES // CUTS)
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'ttfd listener' AND datname = current_database()"
            )
        head = Client(db).feed_state().head
        seconds = wait_until_seen(seen, head)
    finally:
        listener.stop()
        thread.join()
    assert seen == list(range(1, head + 1))
    report(
        "The listener's connection killed",
        scale=f"{head:,} changes, {CUTS} kills",
        result=f"0 missed, 0 repeated, caught up {seconds:.1f} s after the last change",
    )


def test_without_any_notification_a_listener_misses_nothing(db: psycopg.Connection, database_url: str) -> None:
    for function in ("process_events", "compact_events"):
        row = db.execute("SELECT pg_get_functiondef(%s::regproc)", [f"ttfd.{function}"]).fetchone()
        assert row is not None
        db.execute(row[0].replace("pg_notify('ttfd_feed', '')", "1"))
    listener = FeedListener(database_url, after=0)
    seen: list[int] = []
    thread = follow(listener, seen)
    try:
        change(db, CHANGES)
        head = Client(db).feed_state().head
        seconds = wait_until_seen(seen, head)
    finally:
        listener.stop()
        thread.join()
    assert seen == list(range(1, head + 1))
    report(
        "NOTIFY never arrives",
        scale=f"{head:,} changes",
        result=f"0 missed, caught up {seconds:.1f} s after the last change",
    )
