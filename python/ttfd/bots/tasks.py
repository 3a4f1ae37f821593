"""The end of what runs beside the rest."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["end_tasks"]

_AGAIN_SECONDS = 6.0


async def end_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait for their end, whatever that is.

    Before Python 3.12, ``asyncio.wait_for`` forgets a cancellation that comes together with its result, and psycopg's
    pool waits by it: who is cancelled once may run for ever.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
