"""What members earn by being there: messages, and time in voice."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from typing import Any

import discord
import psycopg
from discord.ext import commands

from ..async_client import AsyncClient
from ..bots.outbox import Outbox
from ..errors import TtfdError
from ..event_id import event_id_for
from .talk import PLATFORM

__all__ = ["Messages", "Voice"]

log = logging.getLogger("ttfd.discord")

VocalChannel = discord.channel.VocalGuildChannel

_COUNTED = (discord.MessageType.default, discord.MessageType.reply)
_HEARTBEAT_SECONDS = 60.0
_RETRY_SECONDS = 5.0


class Messages(commands.Cog):
    """Counts messages by their ids; what they say is not read. Waits for nothing: the outbox sends."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        author = message.author
        if author.bot or message.webhook_id is not None or message.guild is None or message.type not in _COUNTED:
            return
        self._outbox.put(
            event_id_for("discord", "message", message.id),
            PLATFORM,
            str(author.id),
            "message_sent",
            occurred_at=min(message.created_at, dt.datetime.now(dt.UTC)).isoformat(),
            names=(author.name, author.display_name),
        )


class Voice(commands.Cog):
    """Reports voice channels as they are: at once when somebody comes, goes or changes, and all of them each minute.

    What counts is decided by the database, which also keeps the sessions: after a restart the first report goes on.
    """

    def __init__(self, bot: commands.Bot, client: AsyncClient) -> None:
        self._bot = bot
        self._client = client
        self._changed: dict[int, VocalChannel] = {}
        self._rung = asyncio.Event()
        self._sees = True

    async def cog_load(self) -> None:
        self._reporting = asyncio.create_task(self._report())

    async def cog_unload(self) -> None:
        self._reporting.cancel()

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        """What the library remembers grows old from here on: nothing is better than a report of that."""
        self._sees = False

    @commands.Cog.listener("on_ready")
    @commands.Cog.listener("on_resumed")
    async def on_return(self) -> None:
        self._sees = True

    @commands.Cog.listener()
    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        # Where somebody goes comes first: it is one session that moves.
        for channel in (after.channel, before.channel):
            if channel is not None:
                self._changed.setdefault(channel.id, channel)
        self._rung.set()

    async def _report(self) -> None:
        await self._bot.wait_until_ready()
        next_heartbeat = 0.0
        while True:
            try:
                if time.monotonic() >= next_heartbeat:
                    await self.report_all()
                    next_heartbeat = time.monotonic() + _HEARTBEAT_SECONDS
                while self._changed:
                    await self.report(self._changed.pop(next(iter(self._changed))))
            except (psycopg.Error, TtfdError) as error:
                log.warning("voice waits: %s", type(error).__name__)
                self._changed.clear()  # all channels are reported then
                next_heartbeat = 0.0
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            self._rung.clear()
            await _wait(self._rung, next_heartbeat - time.monotonic())

    async def report_all(self) -> None:
        """Every channel with somebody in it; sessions that are in none of them end."""
        if not self._sees:
            return
        for guild in self._bot.guilds:
            for channel in (*guild.voice_channels, *guild.stage_channels):
                if channel.voice_states:
                    await self.report(channel)
        await self._client.close_stale_voice(PLATFORM)

    async def report(self, channel: VocalChannel) -> None:
        """One channel, as it is at this moment."""
        members = [_describe(member) for member in channel.members if not member.bot and member.voice is not None]
        is_afk = channel.guild.afk_channel == channel
        await self._client.report_voice(PLATFORM, str(channel.id), is_afk, members)


def _describe(member: discord.Member) -> dict[str, Any]:
    state = member.voice
    assert state is not None
    return {
        "external_id": str(member.id),
        "session_id": state.session_id,
        "is_muted": state.mute or state.self_mute or state.suppress,
        "is_deafened": state.deaf or state.self_deaf,
    }


async def _wait(rung: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(rung.wait(), max(seconds, 0))
    except TimeoutError:
        return
