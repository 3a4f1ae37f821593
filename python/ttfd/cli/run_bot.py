"""What `ttfd telegram` and `ttfd discord` share: a token, a log, and a bot that runs until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import Protocol

from ttfd.cli import CommandError

__all__ = ["read_token", "run_bot", "write_log"]


class Bot(Protocol):
    """A bot as a program."""

    async def run(self) -> None:
        """Work until ``stop()``."""

    def stop(self) -> None:
        """Make ``run()`` end, once what was earned is kept."""


def read_token(name: str, hint: str) -> str:
    """The token in an environment variable. Raises CommandError when there is none."""
    token = os.environ.get(name, "").strip()
    if not token:
        raise CommandError(f"{name} is not set", hint)
    return token


def write_log() -> None:
    """Let the log go to standard error, a line an event."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")


def run_bot(bot: Bot) -> None:
    """Run a bot until SIGINT or SIGTERM. Raises what the bot raises."""
    loop_factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None  # psycopg needs that one there
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(_run(bot))


async def _run(bot: Bot) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(bot.stop))
    await bot.run()
