"""One process at a time, wherever it runs: the lease is a lock of the database, so it ends with the process."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import psycopg

from ..connect import END_SILENT_SESSION, open_async_connection
from ..event_id import event_id_for
from .tasks import end_tasks

__all__ = ["Lease"]

log = logging.getLogger("ttfd.bots.lease")

_RETRY_SECONDS = 2.0
_PROBE_SECONDS = 5.0


class Lease:
    """The right to be the one process that does something, such as polling for a bot.

    It lasts as long as its connection: a process that is killed gives it back by itself. When the connection is lost,
    the holder goes on (nobody else can get the lease while the database is away) and takes it again as soon as the
    database is back; only if another process was faster, ``lost`` is set.

    Parameters:
        url: a direct PostgreSQL address: a pooler in transaction mode would give the lock to several.
        name: what the lease is for; two processes with the same name exclude each other.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._key = event_id_for("lease", name).int >> 65
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.lost = asyncio.Event()
        """Set when another process has the lease."""

    async def acquire(self) -> None:
        """Wait for the lease, for as long as it takes; says so once when another process has it."""
        told = ""
        while True:
            state = await self._attempt()
            if state == "held":
                break
            if state != told:
                log.warning(_WHY_NOT[state], self._name)
                told = state
            await asyncio.sleep(_RETRY_SECONDS)
        self.lost.clear()
        self._keeper = asyncio.create_task(self._keep())

    async def release(self) -> None:
        """Let the next process have it."""
        if self._keeper is not None:
            await end_tasks(self._keeper)
            self._keeper = None
        await self._disconnect()

    async def _attempt(self) -> str:
        try:
            if self._connection is None:
                self._connection = await open_async_connection(self._url, f"ttfd lease {self._name}")
                await self._connection.execute(END_SILENT_SESSION)
            cursor = await self._connection.execute("SELECT pg_try_advisory_lock(%s)", [self._key])
            row = await cursor.fetchone()
        except (psycopg.OperationalError, psycopg.InterfaceError):
            await self._disconnect()
            return "away"
        return "held" if row and row[0] else "taken"

    async def _keep(self) -> None:
        """Notice a lost connection, and take the lease again."""
        while not self.lost.is_set():
            await asyncio.sleep(_PROBE_SECONDS)
            if self._connection is not None:
                try:
                    await self._connection.execute("SELECT")
                    continue
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    await self._disconnect()
            if await self._attempt() == "taken":
                log.error("another process has taken over: %s", self._name)
                self.lost.set()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


_WHY_NOT = {
    "taken": "another process does this already: %s. Standing by until it ends.",
    "away": "the database cannot be reached: %s starts as soon as it can",
}
