"""Connections that notice when the other end is gone."""

from __future__ import annotations

from typing import Any

import psycopg

from .connection import normalise_dsn

# A server that vanished without a word is noticed within a minute: idle seconds, seconds between probes, probes;
# milliseconds that sent data may stay unacknowledged.
_LIVELINESS: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "connect_timeout": 10,
}


def open_connection(url: str, application_name: str = "ttfd") -> psycopg.Connection[Any]:
    """A direct connection in autocommit. Raises psycopg.OperationalError when the server cannot be reached."""
    return psycopg.Connection.connect(
        normalise_dsn(url), autocommit=True, application_name=application_name, **_LIVELINESS
    )


async def open_async_connection(url: str, application_name: str = "ttfd") -> psycopg.AsyncConnection[Any]:
    """The same for asyncio. Raises psycopg.OperationalError when the server cannot be reached."""
    return await psycopg.AsyncConnection.connect(
        normalise_dsn(url), autocommit=True, application_name=application_name, **_LIVELINESS
    )
