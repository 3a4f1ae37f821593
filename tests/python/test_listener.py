"""The listener: doorbell, poll, position, and whatever happens to the connection."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest

from ttfd import AsyncFeedListener, Client, FeedListener, listener, new_event_id
from ttfd.models import FeedEvent


@contextmanager
def following(feed: FeedListener) -> Iterator[list[FeedEvent]]:
    """What a listener has delivered so far, while it runs."""
    found: list[FeedEvent] = []
    thread = threading.Thread(target=lambda: [found.extend(batch) for batch in feed.batches()])
    thread.start()
    try:
        wait_for(lambda: feed.epoch is not None)
        yield found
    finally:
        feed.stop()
        thread.join(60)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def apply_messages(db: psycopg.Connection, count: int, event_type: str = "message_sent") -> None:
    client = Client(db)
    for _ in range(count):
        client.apply_event(new_event_id(), "telegram", "1", event_type)
    client.process_events()


def test_a_new_event_arrives_long_before_the_poll(db: psycopg.Connection, database_url: str) -> None:
    with following(FeedListener(database_url, poll_seconds=60)) as found:
        apply_messages(db, 1)
        wait_for(lambda: len(found) == 1, 30)


def test_it_starts_at_the_present_head_or_where_it_is_told(db: psycopg.Connection, database_url: str) -> None:
    apply_messages(db, 3)
    with following(FeedListener(database_url, after=1)) as from_one, following(FeedListener(database_url)) as new:
        apply_messages(db, 1)
        wait_for(lambda: len(from_one) == 3 and len(new) == 1)
    assert [event.position for event in from_one] == [2, 3, 4]
    assert [event.position for event in new] == [4]


def test_nothing_is_missed_while_its_connection_is_cut_again_and_again(
    db: psycopg.Connection, database_url: str
) -> None:
    with following(FeedListener(database_url, after=0, poll_seconds=60)) as found:
        for _ in range(10):
            apply_messages(db, 5)
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ttfd listener'"
            )
        wait_for(lambda: len(found) >= 50, 50)
    assert [event.position for event in found] == list(range(1, 51))


def test_without_any_bell_the_poll_finds_everything(db: psycopg.Connection, database_url: str) -> None:
    row = db.execute("SELECT pg_get_functiondef('ttfd.process_events'::regproc)").fetchone()
    assert row is not None
    assert "pg_notify" in row[0]
    db.execute(row[0].replace("pg_notify('ttfd_feed', '')", "1"))
    with following(FeedListener(database_url, poll_seconds=0.2)) as found:
        apply_messages(db, 1)
        wait_for(lambda: len(found) == 1)


def test_a_pooler_that_swallows_notifications_is_named_and_polled(
    db: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listener, "_hears_itself", lambda connection, url: False)
    feed = FeedListener(database_url, poll_seconds=0.1)
    with caplog.at_level(logging.WARNING, "ttfd.listener"), following(feed) as found:
        apply_messages(db, 1)
        wait_for(lambda: len(found) == 1)
        assert not feed.hears
    assert "pooler" in caplog.text


def test_with_types_the_position_still_passes_over_the_others(db: psycopg.Connection, database_url: str) -> None:
    feed = FeedListener(database_url, types=["game_played"])
    with following(feed) as found:
        apply_messages(db, 3)
        apply_messages(db, 1, "game_played")
        apply_messages(db, 2)
        wait_for(lambda: feed.position == 6)
    assert [event.event_type for event in found] == ["game_played"]


def test_another_epoch_means_a_fresh_start_at_the_head(db: psycopg.Connection, database_url: str) -> None:
    apply_messages(db, 3)
    feed = FeedListener(database_url, after=900, epoch=uuid4())
    with following(feed) as found:
        wait_for(lambda: feed.resyncs == 1)
        assert feed.position == 3
        apply_messages(db, 1)
        wait_for(lambda: len(found) == 1)
    assert found[0].position == 4


def test_forged_notifications_change_nothing(db: psycopg.Connection, database_url: str) -> None:
    with following(FeedListener(database_url)) as found:
        for payload in ("999999", "-1", "{", "'; DROP SCHEMA ttfd CASCADE; --", "x" * 7000):
            db.execute("SELECT pg_notify('ttfd_feed', %s)", [payload])
        apply_messages(db, 1)
        wait_for(lambda: len(found) == 1)
    assert found[0].position == 1


def test_the_async_listener_delivers_events_one_by_one(db: psycopg.Connection, database_url: str) -> None:
    apply_messages(db, 3)

    async def first_three() -> list[int]:
        feed = AsyncFeedListener(database_url, after=0)
        positions = []
        async for event in feed.events():
            positions.append(event.position)
            if len(positions) == 3:
                feed.stop()
        return positions

    assert asyncio.run(asyncio.wait_for(first_three(), 60)) == [1, 2, 3]


def test_a_new_epoch_is_noticed_without_a_new_connection(db: psycopg.Connection, database_url: str) -> None:
    apply_messages(db, 3)
    feed = FeedListener(database_url, after=0)
    with following(feed) as found:
        wait_for(lambda: len(found) == 3)
        epoch = Client(db).renew_epoch(is_forced=True).epoch
        wait_for(lambda: feed.resyncs == 1)
        assert (feed.epoch, feed.position) == (epoch, 3)


def test_a_head_below_what_was_seen_is_a_restore_too(db: psycopg.Connection, database_url: str) -> None:
    apply_messages(db, 3)
    with following(FeedListener(database_url, after=900)) as found:
        apply_messages(db, 1)
        wait_for(lambda: len(found) == 1)
    assert found[0].position == 4
