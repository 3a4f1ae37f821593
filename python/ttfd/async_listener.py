"""The feed as it grows: a doorbell (NOTIFY), a poll for when the bell is broken, and a position to resume from."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID, uuid4

import psycopg

from .async_client import AsyncClient
from .connect import open_async_connection
from .models import FeedEvent

log = logging.getLogger("ttfd.listener")

_SLICE_SECONDS = 0.5  # how soon a listener that waits notices stop()
_PROBE_SECONDS = 2.0
_DEAF_POLL_SECONDS = 1.0
_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 2.0


class AsyncFeedListener:
    """Follows the feed over a direct connection of its own.

    Every event after ``after`` is delivered once and in order, across lost connections and restarts of the server.
    Keep ``position`` and ``epoch`` to resume later. When the epoch is another one than before (the database was
    restored from a backup), the listener goes on from the present head and increases ``resyncs``.

    A pooler in transaction mode accepts LISTEN and then swallows every notification. The listener tests for that with
    a notification to itself, says so in the log, and polls once a second instead.

    Parameters:
        url: a direct PostgreSQL address.
        after: the last position already known; None starts at the present head.
        epoch: the epoch that ``after`` belongs to; None takes the present one.
        types: only events of these types; None for all.
        poll_seconds: longest wait without a bell before the feed is read anyway.
        limit: most events in a batch.
    """

    def __init__(
        self,
        url: str,
        *,
        after: int | None = None,
        epoch: UUID | None = None,
        types: Iterable[str] | None = None,
        poll_seconds: float = 5.0,
        limit: int = 500,
    ) -> None:
        self._url = url
        self._types = None if types is None else list(types)
        self._poll_seconds = poll_seconds
        self._limit = limit
        self._stopped = False
        self.position = after
        self.epoch = epoch
        self.resyncs = 0
        self.hears = False
        """Whether notifications arrive on the present connection."""
        self.looked_at: float | None = None
        """When the feed was last read, by ``time.monotonic()``; None when it never was."""

    def stop(self) -> None:
        """Make ``batches()`` end within half a second. May be called from another thread."""
        self._stopped = True

    async def events(self) -> AsyncIterator[FeedEvent]:
        """Every event, one by one. ``position`` is that of the whole batch: to store it, use ``batches()``."""
        async for batch in self.batches():
            for event in batch:
                yield event

    async def batches(self) -> AsyncIterator[list[FeedEvent]]:
        """Events in the groups in which they are read; ``position`` covers a group once it was consumed.

        Ends after ``stop()``. Lost connections are opened again for as long as it takes.
        """
        retry_seconds = _FIRST_RETRY_SECONDS
        while not self._stopped:
            try:
                async with await open_async_connection(self._url, "ttfd listener") as connection:
                    await self._prepare(connection)
                    retry_seconds = _FIRST_RETRY_SECONDS
                    async for batch in self._follow(connection):
                        yield batch
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                self.hears = False
                if self._stopped:
                    return
                log.warning("connection lost (%s); trying again in %.1f s", type(error).__name__, retry_seconds)
                await asyncio.sleep(retry_seconds)
                retry_seconds = min(retry_seconds * 2, _LAST_RETRY_SECONDS)

    async def _prepare(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Listen first, then look: what commits in between rings."""
        await connection.execute("LISTEN ttfd_feed")
        self.hears = await _hears_itself(connection, self._url)
        if not self.hears:
            connection.prepare_threshold = None  # behind a pooler, prepared statements belong to somebody else
            log.warning(
                "notifications do not arrive: this looks like a pooler in transaction mode. "
                "Polling every %.0f s; give the listener a direct connection.",
                _DEAF_POLL_SECONDS,
            )
        await self._compare(AsyncClient(connection))

    async def _compare(self, client: AsyncClient) -> bool:
        """Start afresh at the head if the feed is another one than was followed so far. Returns whether it is."""
        state = await client.get_feed_head()
        is_other = self.epoch is not None and self.epoch != state.epoch
        # Positions only grow, so a head below what was seen means a restore that nobody has told the feed of yet.
        is_other = is_other or (self.position is not None and state.head < self.position)
        if is_other:
            log.warning("the database was restored: going on from position %d", state.head)
        if is_other or self.position is None:
            self.position = state.head
        self.epoch = state.epoch
        self.resyncs += is_other  # last, because others read it to know that the rest is new
        return is_other

    async def _follow(self, connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[list[FeedEvent]]:
        client = AsyncClient(connection)
        while not self._stopped:
            after = self.position or 0
            # Read before the events: up to here nothing can be missing that the types let through.
            head = (await client.get_feed_head()).head if self._types is not None else after
            batch = await client.read_feed(after, self._types, self._limit)
            if await self._compare(client):
                continue  # what was read belongs to another feed
            if batch:
                yield batch
            if len(batch) == self._limit:
                self.position = batch[-1].position
                continue
            self.position = max(head, batch[-1].position if batch else after)
            self.looked_at = time.monotonic()
            await self._wait(connection)

    async def _wait(self, connection: psycopg.AsyncConnection[Any]) -> None:
        left = self._poll_seconds if self.hears else min(_DEAF_POLL_SECONDS, self._poll_seconds)
        while left > 0 and not self._stopped:
            timeout = min(left, _SLICE_SECONDS)
            # Leaving this loop early would throw the rest of the notifications away.
            if [bell async for bell in connection.notifies(timeout=timeout, stop_after=1)]:
                return
            left -= timeout


async def _hears_itself(connection: psycopg.AsyncConnection[Any], url: str) -> bool:
    channel = f"ttfd_probe_{uuid4().hex}"
    await connection.execute(f"LISTEN {channel}")
    if await _is_direct(connection):
        await connection.execute(f"NOTIFY {channel}")
    else:
        # Our own NOTIFY would come back with its answer even where nobody else's arrives.
        async with await open_async_connection(url, "ttfd listener probe") as other:
            await other.execute(f"NOTIFY {channel}")
    heard = False
    async for bell in connection.notifies(timeout=_PROBE_SECONDS, stop_after=1):
        heard = heard or bool(bell)
    await connection.execute(f"UNLISTEN {channel}")
    return heard


async def _is_direct(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the process that answers is the one that let us in; behind a pooler it is another."""
    cursor = await connection.execute("SELECT pg_backend_pid()")
    return await cursor.fetchone() == (connection.info.backend_pid,)
