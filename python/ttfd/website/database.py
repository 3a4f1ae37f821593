"""The website's connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from ..client import Client
from ..connect import AnsweredConnection, check_within, pool_options
from ..connection import normalise_dsn

_MOST_CONNECTIONS = 4
_WAIT_SECONDS = 2.0  # for a free connection, before the visitor is told to come back


class Database:
    """A small pool, opened at the first use: a server forks before that, and a pool does not survive a fork.

    Args:
        url: a direct PostgreSQL address.

    Raises:
        ValueError: the address cannot be read.
    """

    def __init__(self, url: str) -> None:
        self.url = normalise_dsn(url)
        self._lock = threading.Lock()
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None

    def client(self) -> Client:
        """A client on the pool. Its calls raise psycopg.OperationalError after 2 s without a connection."""
        return Client(self.pool())

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection of the pool, for a transaction of several calls."""
        with self.pool().connection() as connection:
            yield connection

    def pool(self) -> ConnectionPool[psycopg.Connection[Any]]:
        """The pool, opened if it is not yet."""
        with self._lock:
            if self._pool is None:
                self._pool = ConnectionPool(
                    self.url,
                    connection_class=AnsweredConnection,
                    kwargs=pool_options("ttfd website"),
                    min_size=1,
                    max_size=_MOST_CONNECTIONS,
                    open=False,
                    check=check_within(_WAIT_SECONDS / _MOST_CONNECTIONS),
                    timeout=_WAIT_SECONDS,
                    # Give up soon, so that the next visitor starts a new attempt instead of waiting for a late one.
                    reconnect_timeout=_WAIT_SECONDS,
                    name="ttfd website",
                )
                self._pool.open()
            return self._pool

    def close(self) -> None:
        """Close the pool; the next use opens another."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
