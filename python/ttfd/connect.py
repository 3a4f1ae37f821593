"""Connections that notice when the other end is gone."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import psycopg

from .connection import normalise_dsn

# A server that vanished without a word is noticed within a minute: idle seconds, seconds between probes, probes;
# milliseconds that sent data may stay unacknowledged.
LIVELINESS: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "connect_timeout": 10,
}

# Something between the two may acknowledge everything and pass nothing on, which TCP does not notice.
_ANSWER_SECONDS = 20.0

END_SILENT_SESSION = "SET idle_session_timeout = '15s'"
"""For a session that holds a lock and speaks every few seconds: the server ends it when it hears nothing, which frees
the lock. That is before its owner gives up waiting for an answer, so the owner can have the lock again."""


class AnsweredConnection(psycopg.Connection[Any]):
    """Closes itself, with psycopg.OperationalError, when an answer takes longer than ``answer_seconds``.

    For calls that take milliseconds: what the server is still busy with is given up, too. For others set more seconds,
    or ``math.inf``.
    """

    answer_seconds = _ANSWER_SECONDS

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """Also used by psycopg for everything that it reads."""
        return super().wait(_answered(self, gen), *args, **kwargs)


class AnsweredAsyncConnection(psycopg.AsyncConnection[Any]):
    """The same for asyncio."""

    answer_seconds = _ANSWER_SECONDS

    async def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """Also used by psycopg for everything that it reads."""
        return await super().wait(_answered(self, gen), *args, **kwargs)


def open_connection(url: str, application_name: str) -> AnsweredConnection:
    """A direct connection in autocommit. Raises psycopg.OperationalError when the server cannot be reached."""
    return AnsweredConnection.connect(normalise_dsn(url), **_options(application_name))


async def open_async_connection(url: str, application_name: str) -> AnsweredAsyncConnection:
    """The same for asyncio. Raises psycopg.OperationalError when the server cannot be reached."""
    return await AnsweredAsyncConnection.connect(normalise_dsn(url), **_options(application_name))


def pool_options(application_name: str) -> dict[str, Any]:
    """Of a pool's connections: somebody waits for what they do. They work through a pooler, too."""
    hurry = {"connect_timeout": 3, "tcp_user_timeout": 10_000}
    return {**_options(application_name), **hurry, "prepare_threshold": None}


def check_within(seconds: float) -> Callable[[psycopg.Connection[Any]], None]:
    """For a pool: learn of a connection that leads nowhere while there is time for another."""

    def check(connection: psycopg.Connection[Any]) -> None:
        connection.answer_seconds = seconds  # type: ignore[attr-defined]
        connection.execute("")
        del connection.answer_seconds  # type: ignore[attr-defined]

    return check


def check_async_within(seconds: float) -> Callable[[psycopg.AsyncConnection[Any]], Awaitable[None]]:
    """The same for asyncio."""

    async def check(connection: psycopg.AsyncConnection[Any]) -> None:
        connection.answer_seconds = seconds  # type: ignore[attr-defined]
        await connection.execute("")
        del connection.answer_seconds  # type: ignore[attr-defined]

    return check


def _options(application_name: str) -> dict[str, Any]:
    return {"autocommit": True, "application_name": application_name, **LIVELINESS}


def _answered(
    connection: AnsweredConnection | AnsweredAsyncConnection, gen: Generator[Any, Any, Any]
) -> Generator[Any, Any, Any]:
    """The same steps; psycopg makes one with nothing ready every tenth of a second that it waits."""
    seconds = connection.answer_seconds
    deadline = time.monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                connection.pgconn.finish()
                raise psycopg.OperationalError(f"the server has not answered for {seconds:g} s")
            wanted = gen.send(ready)
    except StopIteration as ended:
        return ended.value
