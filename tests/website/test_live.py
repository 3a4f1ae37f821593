"""The stream of events, mostly against a real ``ttfd serve``."""

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from ttfd import Client, new_event_id
from ttfd.website import live
from ttfd.website.database import Database
from ttfd.website.live import Hub, Stream

PATIENCE_SECONDS = 10
SERVE = [sys.executable, "-m", "ttfd", "serve", "--port", "0"]
THREADED = [
    sys.executable,
    "-c",
    "import os; from ttfd.cli import serve; "
    "serve._serve_threaded(serve._listen('127.0.0.1', 0), os.environ['DATABASE_URL'])",
]


class Server:
    """A running site; the first line it prints is its address."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        self.process = process
        self.url = process.stdout.readline().strip()
        self.address = urlsplit(self.url)

    def connect(self) -> http.client.HTTPConnection:
        assert self.address.hostname
        return http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=PATIENCE_SECONDS)

    def get(self, path: str) -> int:
        with closing(self.connect()) as connection:
            connection.request("GET", path)
            return connection.getresponse().status

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Stop it and return the seconds that took; none of its processes may be left."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE_SECONDS)
        took = time.monotonic() - begun
        with pytest.raises(ProcessLookupError):
            os.killpg(self.process.pid, 0)
        return took


@contextmanager
def serving(database_url: str, command: list[str] = SERVE) -> Iterator[Server]:
    environment = {**os.environ, "DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            server = Server(process)
            yield server
            if process.poll() is None:
                server.stop(signal.SIGINT)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def site(database_url: str) -> Iterator[Server]:
    with serving(database_url) as server:
        yield server


@pytest.fixture
def client(db: psycopg.Connection[Any]) -> Client:
    return Client(db)


def happen(client: Client, number: int = 1, external_id: str = "1", **data: object) -> int:
    """Record and process events of one member on Telegram; returns the feed's head."""
    events = [
        {
            "event_id": new_event_id(),
            "platform": "telegram",
            "external_id": external_id,
            "event_type": "message_sent",
            "data": data,
        }
        for _ in range(number)
    ]
    client.record_events(events)
    return client.process_events(100_000).head


class Events:
    """An open stream. Everything it received is in ``text``."""

    def __init__(self, server: Server, path: str = "/events", last_event_id: int | None = None) -> None:
        self.connection = server.connect()
        headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
        self.connection.request("GET", path, headers=headers)
        self.response = self.connection.getresponse()
        self.text = ""
        self.position = int(self._block()["id"])

    def _block(self) -> dict[str, str]:
        lines = []
        while (line := self.response.readline().decode()) != "\n":
            assert line, "the stream ended"
            self.text += line
            lines.append(line.rstrip("\n").split(": ", 1))
        return dict(lines)

    def next(self) -> dict[str, Any]:
        """The next event, with its kind and id."""
        while "data" not in (block := self._block()):
            pass
        return {"kind": block.get("event", "message"), "id": int(block["id"]), **json.loads(block["data"])}

    def read(self, number: int) -> list[int]:
        """The positions of so many further events, or a few more where a burst is told in one."""
        positions: list[int] = []
        while len(positions) < number:
            told = self.next()
            positions += range(told["position"] - told.get("events", 1) + 1, told["position"] + 1)
        return positions

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def streams(server: Server, number: int, path: str = "/events") -> list[Events]:
    return [Events(server, path) for _ in range(number)]


def test_a_processed_event_shows_up_on_an_open_stream(site: Server, client: Client) -> None:
    with closing(Events(site)) as events:
        assert events.response.headers["Content-Type"].startswith("text/event-stream")
        assert events.response.headers["X-Accel-Buffering"] == "no"
        assert events.response.headers["Cache-Control"] == "no-store"
        user_id = client.record_event(new_event_id(), "telegram", "1", "message_sent").user_id
        client.process_events()
        assert events.next() == {
            "kind": "message",
            "id": 1,
            "position": 1,
            "user_id": user_id,
            "event_type": "message_sent",
            "source_platform": "telegram",
            "xp": 5,
            "coins": 0,
            "note": None,
        }


@pytest.mark.parametrize("by", ["header", "address"])
def test_a_client_resumes_after_the_last_event_it_knows(site: Server, client: Client, by: str) -> None:
    happen(client, 10)
    path, known = ("/events", 4) if by == "header" else ("/events?after=4", None)
    with closing(Events(site, path, known)) as events:
        assert events.read(6) == [5, 6, 7, 8, 9, 10]
        happen(client, 2)
        assert events.read(2) == [11, 12]


def test_reconnecting_amid_traffic_has_neither_gap_nor_duplicate(
    site: Server, client: Client, database_url: str
) -> None:
    total, seen = 600, []
    with closing(Events(site, "/events?after=0")) as first:

        def write() -> None:
            with Client(database_url) as writer:
                for _ in range(total // 4):
                    happen(writer, 4)

        writing = threading.Thread(target=write)
        writing.start()
        events, part = first, 7
        while len(seen) < total:
            seen += events.read(min(part, total - len(seen)))
            events.close()
            events, part = Events(site, last_event_id=seen[-1]), part + 5
        events.close()
        writing.join()
    assert seen == list(range(1, total + 1))


def test_a_killed_listener_misses_nothing(site: Server, client: Client, db: psycopg.Connection[Any]) -> None:
    with closing(Events(site)) as events:
        happen(client)
        assert events.read(1) == [1]
        for round_ in range(3):
            killed = db.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'ttfd listener'"
            ).fetchall()
            assert killed == [(True,)]
            happen(client, 5)
            first = 2 + round_ * 5
            assert events.read(5) == list(range(first, first + 5))


def test_a_members_stream_holds_that_members_events_only(site: Server, client: Client) -> None:
    happen(client, external_id="1")
    user_id = client.get_or_create_user("telegram", "2").user_id
    with closing(Events(site, f"/events?after=0&user={user_id}")) as events:
        happen(client, external_id="1")
        happen(client, external_id="2")
        assert events.next()["user_id"] == user_id
        assert events.text.count("data:") == 1
    assert site.get("/events?user=x") == 404


def test_nothing_private_is_ever_streamed(site: Server, client: Client) -> None:
    client.get_or_create_user("telegram", "777000777", "secret_user", "Secret Name")
    with closing(Events(site, "/events?after=0")) as events:
        happen(client, external_id="777000777", email="secret@example.org", telegram_id=777000777)
        fields = {"kind", "id", "position", "user_id", "event_type", "source_platform", "xp", "coins", "note"}
        assert set(events.next()) == fields
        for private in ("777000777", "secret", "Secret", "example.org"):
            assert private not in events.text


@pytest.mark.parametrize("after", ["999", "nonsense"])
def test_a_client_from_another_history_is_told_to_load_afresh(site: Server, client: Client, after: str) -> None:
    head = happen(client, 3)
    with closing(Events(site, f"/events?after={after}")) as events:
        told = events.next()
        assert told["kind"] == "resync"
        assert events.position == head
        happen(client)
        assert events.read(1) == [head + 1]


def test_a_hundred_streams_get_every_event_and_pages_stay_quick(site: Server, client: Client) -> None:
    opened = streams(site, 100)
    for _ in range(5):
        happen(client, 20)
        begun = time.monotonic()
        assert site.get("/healthz") == 200
        assert site.get("/") == 200
        assert time.monotonic() - begun < 2
    for events in opened:
        assert events.read(100) == list(range(1, 101))
    assert site.stop() < 5
    for events in opened:
        events.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_five_seconds_with_streams_open(site: Server, number: int) -> None:
    opened = streams(site, 3)
    assert site.stop(number) < 5
    for events in opened:
        events.close()


def test_it_serves_without_gunicorn(database_url: str, client: Client) -> None:
    with serving(database_url, THREADED) as site:
        assert site.get("/") == 200
        with closing(Events(site)) as events:
            happen(client, 3)
            assert events.read(3) == [1, 2, 3]
            assert site.stop() < 5


def test_a_taken_port_is_one_clear_line_and_exit_code_2(site: Server, database_url: str) -> None:
    second = subprocess.run(
        [*SERVE[:-1], str(site.address.port)],
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert (second.returncode, second.stdout) == (2, "")
    (line,) = second.stderr.splitlines()
    assert f"port {site.address.port}" in line
    assert "Traceback" not in line


# One stream and one hub by themselves


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
