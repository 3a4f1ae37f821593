# Generated from async_calls/caller.py by `make migration`: edit there, not here.
"""How a function is called and its rows become objects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from .. import models
from ..connect import AnsweredConnection, open_connection
from ..errors import translate

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

Model = TypeVar("Model")

# The larger the community, the longer they take; all other answers take milliseconds.
_LONG = {"close_season", "compact_events", "tend_seasons", "verify_imports", "verify_integrity"}


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


class Caller:
    """Makes the calls."""

    def __init__(self, source: str | psycopg.Connection[Any] | ConnectionPool[psycopg.Connection[Any]]) -> None:
        self._source = source
        self._own: AnsweredConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the client's own connection, if it has one."""
        if self._own is not None:
            self._own.close()
            self._own = None

    def _event(
        self,
        function: str,
        event_id: UUID,
        platform: str,
        external_id: str,
        event_type: str,
        data: Mapping[str, Any] | None,
    ) -> models.EventOutcome:
        return self._one(
            models.EventOutcome,
            function,
            p_event_id=event_id,
            p_platform=platform,
            p_external_id=external_id,
            p_event_type=event_type,
            p_data=Jsonb(dict(data or {})),
        )

    def _one(self, model: type[Model], function: str, **parameters: object) -> Model:
        (row,) = self._all(model, function, **parameters)
        return row

    def _all(self, model: type[Model], function: str, **parameters: object) -> list[Model]:
        query = _query(model, function, tuple(parameters))  # type: ignore[arg-type]
        seconds = math.inf if function in _LONG else AnsweredConnection.answer_seconds
        try:
            return self._fetch(model, query, parameters, seconds)
        except psycopg.OperationalError:
            if self._own is None or not self._own.broken:
                raise
            return self._fetch(model, query, parameters, seconds)
        except psycopg.DatabaseError as error:
            raise translate(error) from error

    def _fetch(self, model: type[Model], query: bytes, parameters: dict[str, object], seconds: float) -> list[Model]:
        with self._connection(seconds) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return [model(*row) for row in cursor.fetchall()]

    @contextmanager
    def _connection(self, seconds: float) -> Iterator[psycopg.Connection[Any]]:
        if isinstance(self._source, str):
            if self._own is None or self._own.closed:
                self._own = open_connection(self._source, "ttfd")
            self._own.answer_seconds = seconds
            yield self._own
        elif isinstance(self._source, psycopg.Connection):
            yield self._source
        else:
            with self._source.connection() as connection:
                yield connection
