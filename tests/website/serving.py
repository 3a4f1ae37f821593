"""A site as a program, what happens on it meanwhile, and pages that stay open."""

import asyncio
import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from ttfd import Client, new_event_id

PATIENCE_SECONDS = 60
SERVE = [sys.executable, "-m", "ttfd", "serve", "--port", "0"]
THREADED = [
    sys.executable,
    "-c",
    "import os; os.dup2(1, 2); from ttfd.cli import serve; "
    "serve._serve_threaded(serve.listen('127.0.0.1', 0), os.environ['DATABASE_URL'])",
]
"""The site without gunicorn, as on Windows; its log is among what it prints."""


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


class Listener:
    """An open page: resumes after the last position that it knows, like a browser."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.position = 0
        self.told = 0
        self.updates = 0
        self.connects = 0

    async def run(self, until: asyncio.Event) -> None:
        while not until.is_set():
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._listen()
            await asyncio.sleep(0.2)

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(
                b"GET /events?after=0 HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %d\r\n\r\n" % self.position
            )
            await writer.drain()
            if b" 200 " not in await reader.readline():
                return
            self.connects += 1
            rest = b""
            while heard := await reader.read(65536):
                whole, end, rest = (rest + heard).rpartition(b"\n\n")
                self.hear(whole + end)
        finally:
            writer.close()

    def hear(self, blocks: bytes) -> None:
        """Every position is told once and in order. Counted, because 500 of these share two cores with the server."""
        told = blocks.count(b'data: {"position":')
        if not told:
            return
        self.updates += 1
        bursts = [int(number) for number in re.findall(rb',"events":([0-9]+)}', blocks)]
        self.told += told - len(bursts) + sum(bursts)
        before, self.position = self.position, int(blocks[blocks.rindex(b"id: ") :].split(None, 2)[1])
        assert self.position - before == told - len(bursts) + sum(bursts)
