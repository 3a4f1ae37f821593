"""A channel has no owner: anybody who is let into the database may ring. Nobody believes what a bell says."""

import random
import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from hostile import hostile_strings

from calls import Connection, apply_event, get_user, process_all, record_event, value
from ttfd import FeedListener
from ttfd.models import FeedEvent
from ttfd.website.database import Database
from ttfd.website.live import Hub
from ttfd.worker import Worker
from whole_state import state

ROLES = ["ttfd_telegram", "ttfd_discord", "ttfd_website", "ttfd_worker", "ttfd_reader", "ttfd_admin"]


def forged_payloads(count: int) -> list[str]:
    """What a liar might send: positions, events, commands, and text that is no sense at all."""
    chance = random.Random(7)
    lies = [
        "", "0", "-1", "1", "999999999", "9223372036854775808", "1e99", "null", "true", "head", "stop", "resync",
        "reload",
        '{"position": 999999}', '{"position": -1, "event_type": "coins_change", "user_id": 1, "coins": 1000000}',
        '{"epoch": "00000000-0000-0000-0000-000000000000"}', "SELECT ttfd.process_events(1)", "id: 5\n\ndata: {}\n\n",
        "x" * 7999,
    ]  # fmt: skip
    lies += [text.encode()[:7000].decode("utf-8", "ignore") for text in hostile_strings(500)]
    while len(lies) < count:
        lies.append(
            "".join(chr(chance.choice((chance.randint(1, 127), chance.randint(160, 0xD7FF)))) for _ in range(40))
        )
    return lies[:count]


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("channel", ["ttfd_events", "ttfd_feed"])
def test_a_thousand_forged_notifications_change_and_stop_nothing(
    db: Connection, database_url: str, channel: str
) -> None:
    user_id = get_user(db)
    heard: list[FeedEvent] = []
    streamed: list[str] = []
    feed, database = FeedListener(database_url, after=0), Database(database_url)
    worker = Worker(database_url, tend_seconds=3600)
    hub = Hub(database)
    stream = hub.join()
    threads = [
        threading.Thread(target=lambda: [heard.extend(batch) for batch in feed.batches()]),
        threading.Thread(target=worker.run),
        threading.Thread(target=lambda: streamed.extend(stream)),
    ]
    process_all(db)  # Nothing is left to do for a worker who looks.
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: feed.hears)
        wait_for(lambda: value(db, "SELECT origin IS NOT NULL FROM ttfd.epoch_origin"))  # The worker has looked.
        before = state(db)
        for number, payload in enumerate(forged_payloads(1000)):
            db.execute(f"SET ROLE {ROLES[number % len(ROLES)]}")  # type: ignore[arg-type]
            db.execute("SELECT pg_notify(%s, %s)", [channel, payload])
        db.execute("RESET ROLE")
        assert state(db) == before
        assert (heard, feed.position, feed.resyncs, worker.failed) == ([], 0, 0, 0)

        record_event(db, "game_played", {"xp": 3})
        apply_event(db, "game_played", {"xp": 4})
        wait_for(lambda: len(heard) == 2 and sum("data: " in text for text in streamed) >= 1)
        assert [(event.user_id, event.xp) for event in heard] == [(user_id, 3), (user_id, 4)]
        assert all(thread.is_alive() for thread in threads)
        wait_for(lambda: worker.processed == 2)
        assert feed.resyncs == 0
        assert all(text.startswith(("retry: ", "id: ", ": heartbeat")) for text in streamed)
    finally:
        feed.stop()
        worker.stop()
        hub.leave(stream)
        hub.close()
        stream.end()
        for thread in threads:
            thread.join(60)
        database.close()
    assert not any(thread.is_alive() for thread in threads)


def test_a_payload_that_is_too_long_is_refused_where_it_is_sent(db: Connection) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue), db.transaction():
        db.execute("SELECT pg_notify('ttfd_feed', %s)", ["x" * 8000])
