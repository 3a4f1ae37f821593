"""The demo without a person: does an event reach the open page, and how soon."""

from __future__ import annotations

import http.client
import json
import queue
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Any

from ttfd import Client, new_event_id

_EVENTS = 40
_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.6  # An open page is updated at most twice a second: what comes right after another event waits.
_DISCORD_ID = "999999999999999999"
_TELEGRAM_ID = "999999999"


class CheckError(Exception):
    """Something that the demo promises did not happen."""


def check(database_url: str, port: int) -> Iterator[str]:
    """Act as one member and watch the website. Yields what was seen; raises CheckError when something is missing."""
    with Client(database_url) as client, _Stream(port) as stream:
        member = client.get_or_create_user("telegram", _TELEGRAM_ID, "check_member", "Check Member").user_id
        client.link_verified_account(member, "discord", _DISCORD_ID, "check_member")
        stream.wait_for(member)  # The feed tells of the link.
        yield f"member {member}: /start in Telegram, then the Discord account joined"

        waits = []
        earned = 0
        for number in range(_EVENTS):
            time.sleep(_PAUSE_SECONDS)
            began = time.perf_counter()
            if number % 2:
                client.record_event(new_event_id(), "telegram", _TELEGRAM_ID, "game_played", {"xp": 1})
            else:
                client.record_event(new_event_id(), "discord", _DISCORD_ID, "voice_time", {"seconds": 40})
            earned += stream.wait_for(member)
            waits.append((time.perf_counter() - began) * 1000)
        cuts = statistics.quantiles(waits, n=100)
        yield (
            f"{_EVENTS} events from record_event to the open event stream: "
            f"p50 {statistics.median(waits):.1f} ms, p99 {cuts[98]:.1f} ms"
        )
        if cuts[98] > 250:
            raise CheckError(f"p99 is {cuts[98]:.0f} ms, more than 250 ms")

        seen = client.find_user("telegram", _TELEGRAM_ID)
        profile = client.get_profile(member)
        if seen is None or seen.user_id != member or seen.xp != profile.xp or earned == 0:
            raise CheckError(f"the Telegram client sees {seen}, the profile has {profile.xp} XP")
        page = _get(port, f"/members/{member}?lang=en")
        if "Check Member" not in page or f"{profile.xp:,}" not in page.replace("\u00a0", ","):
            raise CheckError("the member's page does not show the member and the XP")
        _get(port, "/")
        yield f"XP from Discord voice seen by the Telegram client and on the page: {profile.xp}"

        violations = client.verify_integrity()
        if violations:
            raise CheckError(f"verify_integrity found {len(violations)} violations, the first: {violations[0]}")
        yield "verify_integrity: sound"


class _Stream:
    """An open event stream, as a browser has it (in HTTP/1.0, so that a line is a line)."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS)
        self._lines = self._socket.makefile("rb")
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> _Stream:
        self._socket.sendall(b"GET /events HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
        status = self._lines.readline()
        if b" 200 " not in status:
            raise CheckError(f"the event stream answers {status.decode().strip()}")
        self._socket.settimeout(None)
        self._reader.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._lines.close()
        self._socket.close()

    def _read(self) -> None:
        for line in self._lines:
            if line.startswith(b"data:"):
                self._events.put(json.loads(line[5:]))

    def wait_for(self, user_id: int) -> int:
        """The XP of the member's next event. Raises CheckError when none comes."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                event = self._events.get(timeout=max(0.001, deadline - time.monotonic()))
            except queue.Empty:
                raise CheckError(f"no event on the stream within {_PATIENCE_SECONDS:.0f} s") from None
            if event.get("user_id") == user_id and event["event_type"] != "rank_up":
                return int(event["xp"])


def _get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
    finally:
        connection.close()
    if response.status != 200:
        raise CheckError(f"{path} answers {response.status}")
    return body
