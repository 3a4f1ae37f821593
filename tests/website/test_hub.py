"""One stream and one hub by themselves: who is admitted, how much is told, and who is dropped."""

import queue
import threading
import time
from collections.abc import Iterator

import pytest

from calls import Connection
from serving import PATIENCE_SECONDS, happen
from ttfd import Client, new_event_id
from ttfd.website import live
from ttfd.website.database import Database
from ttfd.website.live import Hub, Stream


@pytest.fixture
def hub(database_url: str) -> Iterator[Hub]:
    database = Database(database_url)
    made = Hub(database)
    yield made
    made.close()
    database.close()


def read_aside(stream: Stream) -> tuple[threading.Thread, queue.Queue[str]]:
    received: queue.Queue[str] = queue.Queue()
    reading = threading.Thread(target=lambda: [received.put(text) for text in stream], daemon=True)
    reading.start()
    return reading, received


def test_a_slow_client_is_dropped_and_the_others_are_not(
    hub: Hub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "UPDATE_SECONDS", 0.01)
    monkeypatch.setattr(live, "_MOST_WAITING", 10)
    slow, quick = hub.join(), hub.join()
    reading, received = read_aside(quick)
    received.get(timeout=PATIENCE_SECONDS)
    for _ in range(live._MOST_WAITING + 1):
        happen(client)
        assert "data:" in received.get(timeout=PATIENCE_SECONDS)
    assert reading.is_alive()
    waking, late = read_aside(slow)
    waking.join(PATIENCE_SECONDS)
    assert not waking.is_alive()
    assert late.qsize() == 1  # only the greeting: the client comes back and reads the feed from where it was


def test_a_quiet_stream_beats_and_moves_on(hub: Hub, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live.HEARTBEAT_SECONDS == 15
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.2)
    stream = hub.join(user_id=999)
    texts = iter(stream)
    next(texts)
    assert next(texts) == ": heartbeat\nid: 0\n\n"
    head = happen(client, 3)
    beats = (next(texts) for _ in range(50))
    assert f": heartbeat\nid: {head}\n\n" in beats


def test_a_client_too_far_behind_is_told_to_load_afresh(hub: Hub) -> None:
    stream = Stream(hub._database, None, "")
    stream.begin(after=5, head=5 + live._MOST_REPLAYED + 1)
    texts = iter(stream)
    head = 5 + live._MOST_REPLAYED + 1
    assert next(texts).endswith(f"id: {head}\n\n")
    assert next(texts) == f"event: resync\nid: {head}\ndata: {{}}\n\n"


def test_a_full_hub_admits_nobody_until_somebody_leaves(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_MOST_STREAMS", 1)
    only = hub.join()
    with pytest.raises(live.TooManyStreamsError):
        hub.join()
    hub.leave(only)
    hub.leave(hub.join())


def test_a_burst_of_a_thousand_events_a_second_is_told_at_most_twice_a_second(
    hub: Hub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_MOST_TOLD", 20)  # a busy machine may not manage a hundred in half a second
    stream = hub.join()
    _reading, received = read_aside(stream)
    received.get(timeout=PATIENCE_SECONDS)
    begun = time.monotonic()
    for _ in range(30):
        head = happen(client, 100)
    told: list[str] = []
    while f"id: {head}\n" not in "".join(told):
        told.append(received.get(timeout=PATIENCE_SECONDS))
    seconds = time.monotonic() - begun
    assert len(told) <= 2 * seconds + 2
    assert any(text.startswith("event: burst\n") for text in told)
    assert sum(len(text) for text in told) < 100_000


def test_a_member_hears_of_a_burst_only_what_is_its_own(hub: Hub, client: Client) -> None:
    user_id = client.get_or_create_user("telegram", "2").user_id
    stream = hub.join(user_id=user_id)
    _reading, received = read_aside(stream)
    received.get(timeout=PATIENCE_SECONDS)
    happen(client, 1, external_id="2")
    assert received.get(timeout=PATIENCE_SECONDS).count("data:") == 1
    client.record_event(new_event_id(), "telegram", "2", "message_sent")
    happen(client, 500, external_id="1")
    text = received.get(timeout=PATIENCE_SECONDS)
    assert (text.count("data:"), text.startswith("id:")) == (1, True)


def restore(client: Client, db: Connection, head: int) -> None:
    """What a consumer sees of a restore from a backup: the feed ends earlier, and has another epoch."""
    db.execute("DELETE FROM ttfd.cross_platform_events WHERE position > %s", [head])
    db.execute("UPDATE ttfd.feed_head SET position = %s", [head])
    client.renew_epoch(is_forced=True)


def test_after_a_restore_a_page_that_comes_back_hears_what_happens(hub: Hub, client: Client, db: Connection) -> None:
    """Its position and the one that the hub began with are larger than any that the feed has now."""
    known = happen(client, 50)
    reading, _ = read_aside(hub.join())
    restore(client, db, 5)
    reading.join(PATIENCE_SECONDS)
    assert not reading.is_alive(), "it is sent away though nothing has happened yet"
    back = iter(hub.join(after=known))
    assert next(back).endswith("id: 5\n\n")
    assert next(back) == "event: resync\nid: 5\ndata: {}\n\n"
    assert happen(client) == 6
    assert "id: 6\n" in next(back)


def test_one_address_cannot_take_all_streams(database_url: str) -> None:
    database = Database(database_url)
    hub = Hub(database, streams_per_address=2)
    mine = [hub.join(address="192.0.2.1") for _ in range(2)]
    with pytest.raises(live.TooManyStreamsError):
        hub.join(address="192.0.2.1")
    hub.join(address="192.0.2.2")
    hub.leave(mine[0])
    hub.leave(mine[0])
    hub.join(address="192.0.2.1")
    hub.close()
    database.close()
