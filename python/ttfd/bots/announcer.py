"""Tells members what the feed says of them. The database keeps what was told; this only carries it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg

from .. import models
from ..async_client import AsyncClient
from ..async_listener import AsyncFeedListener
from ..errors import PlatformNotAllowedError, TtfdError
from .announcements import TYPES, announcement
from .writer import Safe, Writer

__all__ = ["Announcer", "Deliver", "PlatformAwayError", "announcement_text"]

log = logging.getLogger("ttfd.bots.announcer")

_BATCH = 20
_POLL_SECONDS = 5.0
_OUTAGE_SECONDS = 2.0
_LONGEST_OUTAGE_SECONDS = 60.0  # a new event ends the pause sooner
_DEAF_SECONDS = 60.0  # the database refuses; what is only away is the listener's own affair
_DELIVERY_SECONDS = 30.0  # well below the two minutes after which another process takes over
_END_SECONDS = 5.0  # for what is on its way when the bot is told to stop
_PAUSES = (1.0, 5.0)  # before the second and the third attempt

_GIVEN_UP = "announcement %d (event %s, to a %s chat) is given up: it was refused for a day and a half, others were not"

Deliver = Callable[[models.Announcement], Awaitable[None]]
"""Sends one announcement; raises when it may arrive later, and returns when it has arrived or never will."""


class PlatformAwayError(Exception):
    """The platform did not take it now. Whether that is its chat's trouble is known when another one arrives."""


def announcement_text(w: Writer, told: models.Announcement, *, is_public: bool = False) -> Safe | None:
    """What to say; a member is named where others read too. None for what there are no words for."""
    name = w.name(told.user_id, told.display_name) if is_public and told.external_id else None
    titles = told.data.get(f"titles_{w.language}") or ()
    return announcement(w, told, name=name, rank_name=told.data.get("rank_name"), titles=titles)


class Announcer:
    """Carries announcements of a platform to whoever sends them, each at least once.

    The position is confirmed after each, so a process that is killed repeats at most the one that it was sending; one
    that is cancelled waits for that. Of several announcers one works; another takes over two minutes after it was
    killed. While the database or the platform is away all waits, and the database decides what is still worth telling.

    After a PlatformAwayError the next one is tried, one at a time and all in turn. When one arrives, the platform is
    not away: those that failed before it are postponed in the database, which gives them again later or gives them up.

    Parameters:
        url: a direct PostgreSQL address, for the doorbell.
        client: to read and confirm with.
        platform: which one.
        deliver: sends. What fails three times is left out, so that it does not hold up the rest, except by a
            PlatformAwayError.
    """

    def __init__(self, url: str, client: AsyncClient, platform: str, deliver: Deliver) -> None:
        self._url = url
        self._client = client
        self._platform = platform
        self._deliver = deliver
        self._reader = uuid4()
        self._rung = asyncio.Event()
        self._failed: dict[int, models.Announcement] = {}  # by position, since one last arrived
        self._rounds = 0  # how often all that waits has failed since

    async def run(self) -> None:
        """Announce what comes, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            is_waiting = False
            while True:
                self._rung.clear()
                pause = _POLL_SECONDS
                try:
                    await self.drain()
                    is_waiting = False
                except (psycopg.Error, PlatformNotAllowedError, PlatformAwayError) as error:
                    if not is_waiting:
                        log.warning("announcements wait: %s %s", type(error).__name__, getattr(error, "sqlstate", ""))
                    is_waiting = True
                    pause = min(_OUTAGE_SECONDS * 2 ** min(self._rounds, 5), _LONGEST_OUTAGE_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._rung.wait()

    async def drain(self) -> int:
        """Announce all that waits. Raises psycopg.Error when the database is away, PlatformAwayError.

        Returns:
            how many were told or left out.
        """
        told = 0
        while waiting := await self._take():
            for found in waiting:
                if not await _to_its_end(self._carry(found)):
                    log.warning("another process announces on %s now", self._platform)
                    return told
                told += 1
        return told

    async def _take(self) -> list[models.Announcement]:
        """What is to be tried next: not what has failed, until all has."""
        limit = _BATCH + len(self._failed)
        waiting = await self._client.take_announcements(self._platform, self._reader, limit)
        fresh = [found for found in waiting if found.position not in self._failed]
        if waiting and not fresh:
            self._failed.clear()
            self._rounds += 1
        return fresh or waiting

    async def _carry(self, found: models.Announcement) -> bool:
        """Tell it, and confirm that; False when it is another process that confirms now."""
        try:
            await self._tell(found)
        except PlatformAwayError:
            self._failed[found.position] = found
            raise
        await self._postpone_failed()
        done = await self._client.confirm_announcements(self._platform, self._reader, found.position)
        return done.is_confirmed

    async def _postpone_failed(self) -> None:
        """Another has arrived, so it was not the platform. In feed order, because each confirms what lies before it."""
        for position, failed in sorted(self._failed.items()):
            done = await self._client.postpone_announcement(self._platform, self._reader, position)
            if done.is_given_up:
                log.error(_GIVEN_UP, position, failed.event_id, failed.audience)
        self._failed.clear()
        self._rounds = 0

    async def _listen(self) -> None:
        """Hear the doorbell. It only makes announcements quicker, so nothing that happens to it ends them."""
        while True:
            try:
                async for _ in AsyncFeedListener(self._url, types=TYPES).batches():
                    self._rung.set()
            except (psycopg.Error, TtfdError) as error:
                log.warning("announcements hear no bell: %s", type(error).__name__)
            await asyncio.sleep(_DEAF_SECONDS)

    async def _tell(self, found: models.Announcement) -> None:
        for pause in (*_PAUSES, None):
            try:
                async with asyncio.timeout(_DELIVERY_SECONDS):
                    await self._deliver(found)
            except (psycopg.Error, PlatformNotAllowedError, PlatformAwayError):
                raise
            except TimeoutError as error:
                raise PlatformAwayError from error
            except Exception as error:
                log.warning("announcement %d was not sent: %s", found.position, type(error).__name__)
                if pause is not None:
                    await asyncio.sleep(pause)
            else:
                return
        log.error("announcement %d is left out", found.position)


async def _to_its_end(work: Coroutine[Any, Any, bool]) -> bool:
    """Do something; who is cancelled meanwhile waits for its end, because half done it would be repeated."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=_END_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
