"""Waiting for something, but not for ever."""

from __future__ import annotations

import asyncio
from contextlib import suppress

__all__ = ["wait_until_set"]


async def wait_until_set(event: asyncio.Event, seconds: float) -> None:
    """Wait until `event` is set, for so many seconds at most.

    `asyncio.wait_for` of Python 3.11 may lose a cancellation that comes at the same moment, and never stops then.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0)):
            await event.wait()
