"""The network between clients and server is cut in the midst of calls; clients resend."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Iterator

from psycopg.conninfo import make_conninfo

from soaking import Senders, check_ledger, durable_server, report, scaled, two_workers, wait_until_drained
from ttfd.embedded import Server

EVENTS = scaled("CUT_EVENTS", 800)
CUTS = scaled("CONNECTION_CUTS", 30)


class Network:
    """A way to the server that breaks when it is told to."""

    def __init__(self, server: Server) -> None:
        self._target = f"{server.host}/.s.PGSQL.{server.port}"
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.port: int = self._door.getsockname()[1]

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(self._target)
                except OSError:
                    near.close()
                    continue
                with self._lock:
                    self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Break every connection, whatever is on its way."""
        with self._lock:
            broken, self._open = self._open, []
        for end in broken:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._door.close()
        self.cut()


@contextlib.contextmanager
def network(server: Server) -> Iterator[Network]:
    between = Network(server)
    thread = threading.Thread(target=between.accept, daemon=True)
    thread.start()
    try:
        yield between
    finally:
        between.close()


def test_connections_that_are_cut_lose_and_double_nothing() -> None:
    dice = random.Random(1)
    with durable_server() as server, network(server) as between:
        url = make_conninfo(server.url, host="127.0.0.1", port=between.port)
        with two_workers(url):
            with Senders(url, EVENTS) as senders:
                for number in range(1, CUTS + 1):
                    while senders.are_sending and len(senders.ids) < EVENTS * number / (CUTS + 2):
                        time.sleep(0.002)
                    time.sleep(dice.random() * 0.01)
                    between.cut()
                was_under_load = senders.are_sending
            seconds = wait_until_drained(server.url)
        check_ledger(server.url, senders.ids)
    assert was_under_load
    report(
        "Connections cut under load",
        scale=f"{len(senders.ids):,} events from 8 clients, {CUTS} cuts of all connections, {senders.doubts} resends",
        result=f"0 lost, 0 doubled, drained {seconds:.1f} s after the last event, integrity sound",
    )
