"""The network between clients and a server, which breaks as it is told to."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from ttfd.embedded import Server


class Network:
    """A way to the server that breaks when it is told to."""

    def __init__(self, server: Server) -> None:
        self._target = f"{server.host}/.s.PGSQL.{server.port}"
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._holes: set[socket.socket] = set()
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
                if one not in self._holes:
                    other.sendall(data)
        for end in () if one in self._holes else (one, other):
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

    def swallow(self) -> None:
        """Take whatever is sent on the present connections, either way, and pass nothing on."""
        with self._lock:
            self._holes.update(self._open)

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
