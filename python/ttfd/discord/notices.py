"""What the bot says of its own accord: announcements to members, and what it may not do to administrators."""

from __future__ import annotations

import logging
from typing import Any

import discord
from discord.ext import commands

from .. import models
from ..async_client import AsyncClient
from ..bots.announcer import announcement_text
from ..bots.writer import Writer, choose_language
from ..names import marked
from .talk import DISCORD_FAILURES, MARKDOWN, PLATFORM, fit

__all__ = ["Complaints", "Herald"]

log = logging.getLogger("ttfd.discord")

_LOOKED_BACK = 20
_NEVER_REACHED = (
    10013,  # unknown user
    50007,  # does not let the bot write
    50278,  # has no server in common with it any more
)
_NO_RIGHT = marked("I may not write in {channel} on {server}.")


class Complaints:
    """Tells the owner of a server what is missing, once: what was said last in that chat is not said again."""

    def __init__(self, bot: commands.Bot) -> None:
        self._bot = bot
        self._told: set[tuple[int, str]] = set()

    async def tell(self, guild: discord.Guild, text: str, **values: object) -> None:
        """Say a text of the catalogue to the owner, in the language of the server."""
        w = Writer(choose_language(None, str(guild.preferred_locale)), MARKDOWN)
        said = w.say(text, server=guild.name, **values)
        if (guild.id, said) in self._told:
            return
        self._told.add((guild.id, said))
        log.warning("%s", Writer("en").say(text, server=guild.name, **values))
        try:
            owner = guild.owner or await self._bot.fetch_user(guild.owner_id or 0)
            chat = owner.dm_channel or await owner.create_dm()
            async for message in chat.history(limit=_LOOKED_BACK):
                if message.author == self._bot.user and message.content == said:
                    return
            await chat.send(said)
        except DISCORD_FAILURES as error:
            log.warning("the owner of server %d cannot be told: %s", guild.id, type(error).__name__)


class Herald:
    """Sends announcements: to the member's own chat, or into the channel that was chosen for them.

    Parameters:
        channel_id: of that channel; without one, members are told privately, and the community is not.
    """

    def __init__(self, bot: commands.Bot, client: AsyncClient, complaints: Complaints, channel_id: int | None) -> None:
        self._bot = bot
        self._client = client
        self._complaints = complaints
        self._channel_id = channel_id
        self._is_missing = False

    async def deliver(self, told: models.Announcement) -> None:
        """For an ``Announcer``. Raises discord.DiscordException when it may arrive later.

        Discord drops a second message with the same nonce for some minutes, so a repetition after a kill is not seen.
        """
        channel = await self._channel() if told.audience == "public" else None
        if channel is not None:
            await self._send_publicly(channel, told)
        elif told.external_id is not None:
            await self._send_privately(told.external_id, told)

    async def _channel(self) -> discord.TextChannel | None:
        """The library knows no channels for a moment when it connects anew, so Discord is asked then."""
        if self._channel_id is None:
            return None
        try:
            found = self._bot.get_channel(self._channel_id) or await self._bot.fetch_channel(self._channel_id)
        except (discord.NotFound, discord.Forbidden):
            found = None
        if isinstance(found, discord.TextChannel):
            return found
        if not self._is_missing:
            self._is_missing = True
            log.error("the bot sees no text channel %d, so nothing is announced in public", self._channel_id)
        return None

    async def _send_publicly(self, channel: discord.TextChannel, told: models.Announcement) -> None:
        w = Writer(choose_language(None, str(channel.guild.preferred_locale)), MARKDOWN)
        text = announcement_text(w, told, is_public=True)
        if text is None:
            return
        try:
            await channel.send(fit(text), nonce=_nonce(told))
        except discord.Forbidden:
            await self._complaints.tell(channel.guild, _NO_RIGHT, channel=f"#{channel.name}")

    async def _send_privately(self, external_id: str, told: models.Announcement) -> None:
        """Whoever is told privately and does not let the bot write has announcements switched off.

        Other refusals are not the member's doing; and what is told in public goes on.
        """
        text = announcement_text(Writer(choose_language(told.language, self._locale()), MARKDOWN), told)
        if text is None:
            return
        user: Any = self._bot.get_user(int(external_id))
        try:
            user = user or await self._bot.fetch_user(int(external_id))
            await user.send(fit(text), nonce=_nonce(told))
        except (discord.Forbidden, discord.NotFound) as error:
            if error.code not in _NEVER_REACHED:
                raise
            if (await self._client.get_preferences(PLATFORM, external_id)).announcements == "private":
                await self._client.set_announcements(PLATFORM, external_id, "off")

    def _locale(self) -> str | None:
        """Discord does not say in which language a member uses it, except when the member asks for something."""
        return str(self._bot.guilds[0].preferred_locale) if self._bot.guilds else None


def _nonce(told: models.Announcement) -> str:
    return f"ttfd {told.position}"
