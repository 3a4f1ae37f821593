"""What was earned, until the database has it: a file beside the bot, so that neither outage nor kill loses anything."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import psycopg

from ..async_client import AsyncClient
from ..errors import PlatformNotAllowedError, TtfdError
from .tasks import end_tasks

__all__ = ["Outbox"]

log = logging.getLogger("ttfd.bots.outbox")

_BATCH = 200
_GATHER_SECONDS = 0.05  # what comes meanwhile is sent together
_CHECKPOINT_EVENTS = 1000
_REMEMBERED_NAMES = 10_000
_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.2, 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, event TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused (
    event_id TEXT PRIMARY KEY, event TEXT NOT NULL, sqlstate TEXT, message TEXT NOT NULL,
    refused_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
"""


class Outbox:
    """Keeps events in a file and sends them by ``record_events``.

    An event is safe once ``put`` has returned: it survives the end of the process, and waits while the database is
    away. It is sent at least once and, having an id, counts once. An event that the database refuses does not hold up
    the others: it goes to the table ``refused`` of the file, with the reason, and into the log.

    One process writes to a file at a time. ``async with`` sends in the background, and ends it.

    Parameters:
        path: of the file, created when it is missing.
        client: to send with.
    """

    def __init__(self, path: Path, client: AsyncClient) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._client = client
        self._sent = 0
        self._names: dict[tuple[str, str], tuple[str | None, ...]] = {}
        self._file = sqlite3.connect(path, isolation_level=None)
        # Commits survive the process without waiting for the disk; a thread waits for it now and then.
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute("PRAGMA wal_autocheckpoint = 0")
        self._file.executescript(_SCHEMA)
        self._sender: asyncio.Task[None] | None = None
        self._rung = asyncio.Event()
        self.is_stuck = False
        """Whether the last attempt to send has failed."""

    async def __aenter__(self) -> Self:
        """Begin to send."""
        self._sender = asyncio.create_task(self.run())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._sender is not None:
            await end_tasks(self._sender)
        await self.close()

    @property
    def waiting(self) -> int:
        """Events that the database has not taken yet."""
        return int(self._file.execute("SELECT count(*) FROM waiting").fetchone()[0])

    @property
    def refused(self) -> int:
        """Events that the database has refused."""
        return int(self._file.execute("SELECT count(*) FROM refused").fetchone()[0])

    def put(
        self,
        event_id: UUID,
        platform: str,
        external_id: str,
        event_type: str,
        data: Mapping[str, Any] | None = None,
        *,
        occurred_at: str | None = None,
        names: tuple[str | None, str | None] | None = None,
    ) -> None:
        """Keep an event, to be sent within a moment. Takes some microseconds.

        Args:
            event_id: the same for the same event, however often it is put.
            occurred_at: ISO 8601 text with an offset; without it, the time at which the event is sent counts.
            names: username and display name that the platform says the member has.
        """
        event: dict[str, Any] = {"platform": platform, "external_id": external_id, "event_type": event_type}
        event |= {"data": dict(data or {}), "occurred_at": occurred_at, "names": names}
        self._file.execute(
            "INSERT OR IGNORE INTO waiting (event_id, event) VALUES (?, ?)", (str(event_id), json.dumps(event))
        )
        self._rung.set()

    async def run(self) -> None:
        """Send what comes, until cancelled."""
        retry_seconds = _FIRST_RETRY_SECONDS
        while True:
            self._rung.clear()
            try:
                while await self.send():
                    pass
            except Exception as error:  # Whatever it is: nobody would notice that nothing is sent any more.
                if not self.is_stuck:
                    is_expected = isinstance(error, psycopg.OperationalError | PlatformNotAllowedError)
                    sqlstate = getattr(error, "sqlstate", None) or ""
                    log.warning("events wait: %s %s", type(error).__name__, sqlstate, exc_info=not is_expected)
                self.is_stuck = True
                await asyncio.sleep(retry_seconds)
                retry_seconds = min(retry_seconds * 2, _LAST_RETRY_SECONDS)
                continue
            if self.is_stuck:
                log.info("the database is back, and has all events")
            self.is_stuck = False
            retry_seconds = _FIRST_RETRY_SECONDS
            await self._rung.wait()
            await asyncio.sleep(_GATHER_SECONDS)

    async def send(self) -> int:
        """Send what waits, at most one batch. Raises psycopg.Error when the database cannot take it now.

        Returns:
            how many events have left the file.
        """
        rows = self._file.execute("SELECT number, event_id, event FROM waiting ORDER BY number LIMIT ?", (_BATCH,))
        batch = [(number, {**json.loads(event), "event_id": event_id}) for number, event_id, event in rows]
        if batch:
            await self._send(batch)
            self._sent += len(batch)
        if self._sent >= _CHECKPOINT_EVENTS:
            self._sent = 0
            await asyncio.to_thread(_checkpoint, self._path)
        return len(batch)

    async def _send(self, batch: list[tuple[int, dict[str, Any]]]) -> None:
        """All or, by halves, all but those that are refused."""
        try:
            await self._client.record_events(_without_names(event) for _, event in batch)
        except PlatformNotAllowedError:
            raise  # The bot's role is wrong, not the events.
        except (TtfdError, psycopg.DataError) as error:
            if len(batch) == 1:
                self._refuse(batch[0][1], error)
            else:
                middle = len(batch) // 2
                await self._send(batch[:middle])
                await self._send(batch[middle:])
                return
        else:
            await self._rename([event for _, event in batch if event["names"]])
        self._file.executemany("DELETE FROM waiting WHERE number = ?", [(number,) for number, _ in batch])

    async def _rename(self, events: list[dict[str, Any]]) -> None:
        """Tell the names that this process has not told yet: for most messages that is nothing."""
        told = {(event["platform"], event["external_id"]): tuple(event["names"]) for event in events}
        for account, names in told.items():
            if self._names.get(account) != names:
                with suppress(TtfdError, psycopg.DataError):  # A name that cannot be is no reason to lose an event.
                    await self._client.get_or_create_user(*account, *names)
                self._names[account] = names
        while len(self._names) > _REMEMBERED_NAMES:
            del self._names[next(iter(self._names))]

    def _refuse(self, event: dict[str, Any], error: Exception) -> None:
        sqlstate = getattr(error, "sqlstate", None)
        log.error("the event %s was refused (%s)", event["event_id"], sqlstate)
        self._file.execute(
            "INSERT OR REPLACE INTO refused (event_id, event, sqlstate, message) VALUES (?, ?, ?, ?)",
            (event["event_id"], json.dumps(_without_names(event)), sqlstate, str(error)),
        )

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Send what can be sent in that time, and close the file; the rest is sent by the next process."""
        with suppress(psycopg.Error, PlatformNotAllowedError, TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while await self.send():
                    pass
        self._file.close()


def _without_names(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != "names"}


def _checkpoint(path: Path) -> None:
    """Move what was written to its place; writers go on meanwhile."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(PASSIVE)")
