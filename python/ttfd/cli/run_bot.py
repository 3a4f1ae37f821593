"""What `ttfd telegram` and `ttfd discord` share: a token, an option, and a bot that runs until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Protocol

import click

from ttfd.cli import CommandError

__all__ = ["log_format", "read_token", "run_bot"]

log_format = click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)


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
