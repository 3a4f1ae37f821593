"""What members earn by being there: messages, and time in voice."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import discord
import psycopg
from discord.ext import commands

from ..async_client import AsyncClient
from ..bots.outbox import Outbox
from ..bots.tasks import end_tasks
from ..bots.waiting import wait_until_set
from ..errors import PlatformNotAllowedError, TtfdError
from ..event_id import event_id_for
from .talk import PLATFORM

__all__ = ["Messages", "Voice"]

log = logging.getLogger("ttfd.discord")

VocalChannel = discord.channel.VocalGuildChannel

_COUNTED = (discord.MessageType.default, discord.MessageType.reply)
_ROUND_SECONDS = 60.0
_RETRY_SECONDS = 5.0
_MOST_WAITING = 10_000  # of ten channels in use, that is most of a day


class Messages(commands.Cog, name="ttfd messages"):
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """A voice channel at a moment."""

    at: float
    channel_id: str
    is_afk: bool
    members: list[dict[str, Any]]


class Voice(commands.Cog, name="ttfd voice"):
    """Reports voice channels as they are: at once when somebody comes, goes or changes, and all of them each minute.

    What counts is decided by the database, which also keeps the sessions: after a restart the first report goes on.
    While the database is away, what was seen waits here, and is reported as of its time.
    """

    def __init__(self, bot: commands.Bot, client: AsyncClient) -> None:
        self._bot = bot
        self._client = client
        self._changed: dict[int, VocalChannel] = {}
        self._waiting: deque[_Seen] = deque(maxlen=_MOST_WAITING)
        self._next_round = 0.0
        self._rung = asyncio.Event()
        self._sees = True

    async def cog_load(self) -> None:
        self._reporting = asyncio.create_task(self._report())

    async def cog_unload(self) -> None:
        await end_tasks(self._reporting)

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        """What the library remembers grows old from here on: nothing is better than a report of that."""
        self._sees = False

    @commands.Cog.listener("on_ready")
    @commands.Cog.listener("on_resumed")
    async def on_return(self) -> None:
        """All channels at once: who knows what happened in them."""
        self._sees = True
        self._next_round = 0.0
        self._rung.set()

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
        while True:
            self._rung.clear()
            try:
                await self.report()
            except (psycopg.Error, PlatformNotAllowedError) as error:
                log.warning("voice waits: %s", type(error).__name__)
            except Exception:
                log.exception("voice waits")  # a mistake: to be mended, but no reason to count nothing any more
            else:
                await wait_until_set(self._rung, self._next_round - time.monotonic())
                continue
            await asyncio.sleep(_RETRY_SECONDS)

    async def report(self) -> None:
        """Look at the channels that have changed, each minute at all, and report what was seen.

        Raises psycopg.Error, PlatformNotAllowedError; then what was seen waits for the next attempt.
        """
        is_round = self._look()
        while self._waiting:
            seen = self._waiting[0]
            try:
                await self._client.report_voice(
                    PLATFORM, seen.channel_id, seen.is_afk, seen.members, time.monotonic() - seen.at
                )
            except PlatformNotAllowedError:
                raise
            except (TtfdError, psycopg.DataError) as error:  # it would be refused again
                log.error("voice channel %s was refused (%s)", seen.channel_id, error.sqlstate)
            if self._waiting and self._waiting[0] is seen:
                self._waiting.popleft()
        if is_round:
            await self._client.close_stale_voice(PLATFORM)

    def _look(self) -> bool:
        """Whether it was a look at every channel with somebody in it; sessions that are in none of them end."""
        if not self._sees:
            self._next_round = time.monotonic() + _ROUND_SECONDS
            return False
        is_round = time.monotonic() >= self._next_round
        if is_round:
            self._next_round = time.monotonic() + _ROUND_SECONDS
            for guild in self._bot.guilds:
                for channel in (*guild.voice_channels, *guild.stage_channels):
                    if channel.voice_states:
                        self._changed.setdefault(channel.id, channel)
        self._waiting.extend(_see(self._current(channel)) for channel in self._changed.values())
        self._changed.clear()
        return is_round

    def _current(self, channel: VocalChannel) -> VocalChannel:
        """The library makes everything anew when it connects anew."""
        found = self._bot.get_channel(channel.id)
        return found if isinstance(found, VocalChannel) else channel


def _see(channel: VocalChannel) -> _Seen:
    members = [_describe(member, member.voice) for member in channel.members if not member.bot and member.voice]
    return _Seen(time.monotonic(), str(channel.id), channel.guild.afk_channel == channel, members)


def _describe(member: discord.Member, state: discord.VoiceState) -> dict[str, Any]:
    return {
        "external_id": str(member.id),
        "session_id": state.session_id,
        "is_muted": state.mute or state.self_mute or state.suppress,
        "is_deafened": state.deaf or state.self_deaf,
    }
