"""A bot of its own, from a token and the address of a database; and ``mount`` for bots that exist already."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord.ext import commands

from ..async_client import AsyncClient
from ..bots.announcer import Announcer
from ..bots.database import create_pool
from ..bots.lease import Lease
from ..bots.outbox import Outbox
from ..bots.tasks import end_tasks
from .cog import Members, Texts
from .listening import Messages, Voice
from .notices import Complaints, Herald
from .roles import Roles
from .talk import PLATFORM, Button

__all__ = ["DiscordBot", "create_bot", "intents", "mount"]

log = logging.getLogger("ttfd.discord")

_RETRY_SECONDS = 5.0


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
    bot: commands.Bot,
    client: AsyncClient,
    outbox: Outbox,
    url: str,
    *,
    names: Collection[str] | None = None,
    channel_id: int | None = None,
    site_url: str | None = None,
) -> Announcer:
    """Add slash commands, the counting of messages and voice, and roles to a bot.

    Parameters:
        bot: with the intents of ``intents()``; have it sync its command tree afterwards.
        client: for what is answered at once. Give it a pool.
        outbox: for messages; it has to be open (``async with``).
        url: a direct address of the database, for what listens.
        names: of the commands to add, when the bot has others of the same name; None for all.
        channel_id: where announcements are made; None for private ones only.
        site_url: the address of the website, for ``/login``; without one there is no such command.

    Returns:
        what announces; somebody has to ``run()`` it.
    """
    complaints = Complaints(bot)
    await bot.tree.set_translator(Texts())
    bot.add_dynamic_items(Button)
    await bot.add_cog(Members(client, names, site_url))
    await bot.add_cog(Messages(outbox))
    await bot.add_cog(Voice(bot, client))
    await bot.add_cog(Roles(bot, client, url, complaints))
    return Announcer(url, client, PLATFORM, Herald(bot, client, complaints, channel_id).deliver)


class DiscordBot:
    """Answers, counts and announces, until ``stop()``.

    Another process with the same bot stands by until this one ends. While the database is away the bot goes on: it says
    so to whoever asks, and keeps what is earned in a file.

    Parameters:
        token: of the bot, from the Developer Portal.
        url: a direct PostgreSQL address.
        outbox_path: the file for what the database does not have yet.
        channel_id: where announcements are made; None for private ones only.
        site_url: the address of the website, for ``/login``; without one there is no such command.
    """

    def __init__(
        self,
        token: str,
        url: str,
        outbox_path: Path,
        *,
        channel_id: int | None = None,
        site_url: str | None = None,
    ) -> None:
        self._token = token
        self._url = url
        self._outbox_path = outbox_path
        self._channel_id = channel_id
        self._site_url = site_url
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Make ``run()`` end, once what was earned is kept."""
        self._stopped.set()

    async def run(self) -> None:
        """Work until ``stop()``. Raises discord.LoginFailure, discord.PrivilegedIntentsRequired."""
        while not self._stopped.is_set():
            async with create_bot() as bot:
                await first_of(self._log_in(bot), self._stopped.wait())
                lease = Lease(self._url, f"discord {bot.application_id}")
                await first_of(lease.acquire(), self._stopped.wait())
                try:
                    if not self._stopped.is_set():
                        await self._serve(bot, lease)
                finally:
                    await lease.release()

    async def _log_in(self, bot: commands.Bot) -> None:
        """Learn from Discord who the bot is, as soon as it can be reached."""
        while True:
            try:
                await bot.login(self._token)
                return
            except (aiohttp.ClientError, OSError, discord.DiscordServerError) as error:
                log.warning("Discord cannot be reached: %s", type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _serve(self, bot: commands.Bot, lease: Lease) -> None:
        async with create_pool(self._url, "ttfd discord") as pool:
            client = AsyncClient(pool)
            async with Outbox(self._outbox_path, client) as outbox:
                announcer = await mount(
                    bot, client, outbox, self._url, channel_id=self._channel_id, site_url=self._site_url
                )
                await _show_commands(bot)
                log.info("connecting as %s", bot.user)
                try:
                    await first_of(
                        *(bot.connect(), _announce(bot, announcer)), *(lease.lost.wait(), self._stopped.wait())
                    )
                finally:
                    await bot.close()


async def _show_commands(bot: commands.Bot) -> None:
    """Have Discord list the commands; those of last time are there already."""
    try:
        await bot.tree.sync()
    except (aiohttp.ClientError, OSError, discord.HTTPException) as error:
        log.warning("the commands were not renewed: %s", type(error).__name__)


async def _announce(bot: commands.Bot, announcer: Announcer) -> None:
    await bot.wait_until_ready()
    await announcer.run()


async def first_of(*jobs: Coroutine[Any, Any, Any]) -> None:
    """Until one of them ends: the others are cancelled, a failure is raised."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end_tasks(*tasks)
    for task in done:
        task.result()
