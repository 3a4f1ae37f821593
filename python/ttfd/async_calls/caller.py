"""How a function is called and its rows become objects."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from .. import models
from ..connect import AnsweredAsyncConnection, open_async_connection
from ..errors import OutcomeUnknownError, translate

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

Model = TypeVar("Model")

# The larger the community, the longer they take; all other answers take milliseconds.
_LONG = {"close_season", "compact_events", "tend_seasons", "verify_imports", "verify_integrity"}

# Happens once however often it is called: the caller has made the ids of its events.
_EVENT_IDS = {"p_event_id", "p_events"}
# Names an event that is there, which is another by the second time.
_ONCE = {"discard_failed_event", "retry_failed_event"}
_IS_READ = "SELECT provolatile <> 'v' FROM pg_proc WHERE pronamespace = 'ttfd'::regnamespace AND proname = %s"


@cache
def _query(model: type[Any], function: str, parameters: tuple[str, ...]) -> bytes:
    """Columns are named, never ``*``: a function may grow one without breaking its callers."""
    query = sql.SQL("SELECT {} FROM ttfd.{}({})").format(
        sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(model)),
        sql.Identifier(function),
        sql.SQL(", ").join(
            sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in parameters
        ),
    )
    return query.as_bytes(None)


class AsyncCaller:
    """Makes the calls."""

    def __init__(
        self, source: str | psycopg.AsyncConnection[Any] | AsyncConnectionPool[psycopg.AsyncConnection[Any]]
    ) -> None:
        self._source = source
        self._own: AnsweredAsyncConnection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the client's own connection, if it has one."""
        if self._own is not None:
            await self._own.close()
            self._own = None

    async def _event(
        self,
        function: str,
        event_id: UUID,
        platform: str,
        external_id: str,
        event_type: str,
        data: Mapping[str, Any] | None,
    ) -> models.EventOutcome:
        return await self._one(
            models.EventOutcome,
            function,
            p_event_id=event_id,
            p_platform=platform,
            p_external_id=external_id,
            p_event_type=event_type,
            p_data=Jsonb(dict(data or {})),
        )

    async def _one(self, model: type[Model], function: str, **parameters: object) -> Model:
        (row,) = await self._all(model, function, **parameters)
        return row

    async def _all(self, model: type[Model], function: str, **parameters: object) -> list[Model]:
        query = _query(model, function, tuple(parameters))  # type: ignore[arg-type]
        seconds = math.inf if function in _LONG else AnsweredAsyncConnection.answer_seconds
        try:
            async with self._connection(seconds) as connection:
                try:
                    return await _fetch(connection, model, query, parameters)
                except psycopg.OperationalError as error:
                    if not isinstance(self._source, str) or not connection.broken:
                        raise
                    if not await self._can_repeat(function, parameters):
                        raise OutcomeUnknownError(
                            f"The connection was lost before {function} had answered: nobody knows whether it was done."
                        ) from error
            async with self._connection(seconds) as connection:
                return await _fetch(connection, model, query, parameters)
        except psycopg.DatabaseError as error:
            if (refusal := translate(error)) is error:
                raise
            raise refusal from error

    async def _can_repeat(self, function: str, parameters: dict[str, object]) -> bool:
        if _EVENT_IDS & parameters.keys():
            return function not in _ONCE
        try:
            async with self._connection(AnsweredAsyncConnection.answer_seconds) as connection:
                cursor = await connection.execute(_IS_READ, [function])
                return await cursor.fetchone() == (True,)
        except psycopg.OperationalError:
            return False

    @asynccontextmanager
    async def _connection(self, seconds: float) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        if isinstance(self._source, str):
            own = self._own
            if own is None or not await _is_alive(own):
                own = self._own = await open_async_connection(self._source, "ttfd")
            own.answer_seconds = seconds
            yield own
        elif isinstance(self._source, psycopg.AsyncConnection):
            yield self._source
        else:
            async with self._source.connection() as connection:
                yield connection


async def _fetch(
    connection: psycopg.AsyncConnection[Any], model: type[Model], query: bytes, parameters: dict[str, object]
) -> list[Model]:
    async with connection.cursor() as cursor:
        await cursor.execute(query, parameters)
        return [model(*row) for row in await cursor.fetchall()]


async def _is_alive(connection: AnsweredAsyncConnection) -> bool:
    """Whether the server has not hung up so far, as far as is known here: what was not sent can be sent elsewhere."""
    async with connection.lock:
        try:
            for _ in range(2):  # Its last words come before the end.
                connection.pgconn.consume_input()
        except psycopg.OperationalError:
            return False
    return not connection.closed
