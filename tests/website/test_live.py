"""The stream of events, against a real ``ttfd serve``."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from serving import PATIENCE_SECONDS, SERVE, THREADED, Server, happen, serving
from support import limit
from ttfd import Client, new_event_id


@pytest.fixture
def site(database_url: str) -> Iterator[Server]:
    with serving(database_url) as server:
        yield server


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
        assert time.monotonic() - begun < limit(2)
    for events in opened:
        assert events.read(100) == list(range(1, 101))
    assert site.stop() < limit(5)
    for events in opened:
        events.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_five_seconds_with_streams_open(site: Server, number: int) -> None:
    opened = streams(site, 3)
    assert site.stop(number) < limit(5)
    for events in opened:
        events.close()


def test_it_serves_without_gunicorn(database_url: str, client: Client) -> None:
    with serving(database_url, THREADED) as site:
        assert site.get("/") == 200
        with closing(Events(site)) as events:
            happen(client, 3)
            assert events.read(3) == [1, 2, 3]
            assert site.stop() < limit(5)


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
