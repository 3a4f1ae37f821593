"""A bot of its own, from a token and the address of a database; and ``mount`` for bots that exist already."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import discord
from discord.ext import commands

from ..async_client import AsyncClient
from ..bots.announcer import Announcer
from ..bots.database import create_pool
from ..bots.lease import Lease
from ..bots.outbox import Outbox
from .cog import Members, Texts
from .listening import Messages, Voice
from .notices import Complaints, Herald
from .roles import Roles
from .talk import PLATFORM, Button

__all__ = ["create_bot", "intents", "mount", "run"]

log = logging.getLogger("ttfd.discord")


def intents() -> discord.Intents:
    """What the bot is told of: members (privileged; for roles and voice), voice, messages without their content."""
    return discord.Intents(guilds=True, members=True, guild_messages=True, voice_states=True)


def create_bot() -> commands.Bot:
    """A bot that has slash commands only, and pings nobody by what members call themselves."""
    return commands.Bot(
        commands.when_mentioned,
        intents=intents(),
        help_command=None,
        allowed_mentions=discord.AllowedMentions.none(),
        max_messages=None,
    )


async def mount(
    bot: commands.Bot, client: AsyncClient, outbox: Outbox, url: str, *, channel_id: int | None = None
) -> Announcer:
    """Add slash commands, the counting of messages and voice, and roles to a bot.

    Parameters:
        bot: with the intents of ``intents()``; have it sync its command tree afterwards.
        client: for what is answered at once. Give it a pool.
        outbox: for messages; somebody has to ``run()`` it.
        url: a direct address of the database, for what listens.
        channel_id: where announcements are made; None for private ones only.

    Returns:
        what announces; somebody has to ``run()`` it.
    """
    complaints = Complaints(bot)
    await bot.tree.set_translator(Texts())
    bot.add_dynamic_items(Button)
    await bot.add_cog(Members(client))
    await bot.add_cog(Messages(client, outbox))
    await bot.add_cog(Voice(bot, client))
    await bot.add_cog(Roles(bot, client, url, complaints))
    return Announcer(url, client, PLATFORM, Herald(bot, client, complaints, channel_id).deliver)


async def run(token: str, url: str, outbox_path: Path, *, channel_id: int | None = None) -> None:
    """Run a bot until SIGTERM or Ctrl-C, one process at a time: another one stands by.

    Raises discord.LoginFailure, discord.PrivilegedIntentsRequired.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C ends it as it ends any program
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    pool = create_pool(url, "ttfd discord")
    bot = create_bot()
    async with bot, pool:
        await bot.login(token)
        lease = Lease(url, f"discord {bot.application_id}")
        if await _first(lease.acquire(), stopped.wait()):
            try:
                await _serve(bot, AsyncClient(pool), url, outbox_path, channel_id, lease, stopped)
            finally:
                await lease.release()
    log.info("stopped")


async def _serve(
    bot: commands.Bot,
    client: AsyncClient,
    url: str,
    outbox_path: Path,
    channel_id: int | None,
    lease: Lease,
    stopped: asyncio.Event,
) -> None:
    outbox = Outbox(outbox_path, client)
    try:
        announcer = await mount(bot, client, outbox, url, channel_id=channel_id)
        await bot.tree.sync()
        await _first(bot.connect(), outbox.run(), _announce(bot, announcer), lease.lost.wait(), stopped.wait())
    finally:
        await bot.close()
        await outbox.close()


async def _announce(bot: commands.Bot, announcer: Announcer) -> None:
    await bot.wait_until_ready()
    await announcer.run()


async def _first(*jobs: Coroutine[Any, Any, Any]) -> bool:
    """Until one of them ends: the others are cancelled, a failure is raised.

    Returns:
        whether it was the first that has ended.
    """
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
    return tasks[0] in done
