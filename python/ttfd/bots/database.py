"""The bots' connections."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from ..connect import AnsweredAsyncConnection, check_async_within, pool_options
from ..connection import normalise_dsn

__all__ = ["create_pool"]

_MOST_CONNECTIONS = 4
_WAIT_SECONDS = 3.0  # for a free connection, before the member is told to try later


def create_pool(url: str, name: str) -> AsyncConnectionPool[psycopg.AsyncConnection[Any]]:
    """A small pool, to be opened: ``await pool.open()`` does not wait for the database.

    Calls through it raise psycopg.OperationalError after 3 s without a connection.
    """
    return AsyncConnectionPool(
        normalise_dsn(url),
        connection_class=AnsweredAsyncConnection,
        kwargs=pool_options(name),
        min_size=1,
        max_size=_MOST_CONNECTIONS,
        open=False,
        check=check_async_within(_WAIT_SECONDS / _MOST_CONNECTIONS),
        timeout=_WAIT_SECONDS,
        reconnect_timeout=_WAIT_SECONDS,
        name=name,
    )
