"""Roles that ranks and achievements give. The database says who is to have which; this compares and mends."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Iterable

import discord
import psycopg
from discord.ext import commands

from .. import models
from ..async_client import AsyncClient
from ..async_listener import AsyncFeedListener
from ..bots.tasks import end_tasks
from ..bots.waiting import wait_until_set
from ..errors import TtfdError, UserNotFoundError
from ..names import marked
from .notices import Complaints
from .talk import DISCORD_FAILURES, PLATFORM

__all__ = ["Roles"]

log = logging.getLogger("ttfd.discord")

_UNLINKED = "account_unlinked"
_CHANGING = (
    "rank_up",
    "achievement_unlock",
    "account_linked",
    "accounts_merged",
    "merge_undone",
    "xp_change",
    "adjustment",
    "adjustment_reverted",
    _UNLINKED,
)
_PAGE = 500
_EVERYBODY_SECONDS = 900.0
_RETRY_SECONDS = 5.0
_NO_RIGHT = marked(
    "I may not give or take the role {role} on {server}. Let me manage roles, and put my own role above it."
)


class Roles(commands.Cog, name="ttfd roles"):
    """Gives and takes roles: at once when something changes, and every quarter of an hour whatever was missed.

    What a person takes away by hand is not given again; giving it back by hand takes that back. The database keeps what
    was given, so that is known of what happened while the bot was away, too.
    """

    def __init__(self, bot: commands.Bot, client: AsyncClient, url: str, complaints: Complaints) -> None:
        self._bot = bot
        self._client = client
        self._url = url
        self._complaints = complaints
        self._missed = asyncio.Event()
        self._one_by_one = asyncio.Lock()  # so that each goes by what the one before it has done
        # Members and roles that Discord has been told of, and has not told the library of yet.
        self._given: set[tuple[int, int]] = set()
        self._taken: set[tuple[int, int]] = set()

    async def cog_load(self) -> None:
        self._following = asyncio.create_task(self._follow())
        self._mending = asyncio.create_task(self._mend())

    async def cog_unload(self) -> None:
        await end_tasks(self._following, self._mending)

    async def _follow(self) -> None:
        await self._bot.wait_until_ready()
        while True:
            try:
                head = await self._client.get_feed_head()
                self._missed.set()  # what changed before that is found by looking at everybody
                listener = AsyncFeedListener(self._url, after=head.head, epoch=head.epoch, types=_CHANGING)
                async for batch in listener.batches():
                    await self._mend_batch(batch)
            except Exception as error:
                self._miss(error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _mend_batch(self, batch: list[models.FeedEvent]) -> None:
        for user_id in dict.fromkeys(event.user_id for event in batch):
            await self._mend_user(user_id)
        if any(event.event_type == _UNLINKED for event in batch):
            self._missed.set()  # the account is nobody's now: only a look at everybody finds it

    def _miss(self, error: Exception) -> None:
        """Whatever it was, all roles are compared again."""
        _log(error)
        self._missed.set()

    async def _mend(self) -> None:
        await self._bot.wait_until_ready()
        while True:
            self._missed.clear()
            pause = _EVERYBODY_SECONDS
            try:
                await self.mend_everybody()
            except Exception as error:
                _log(error)
                pause = _RETRY_SECONDS
            await wait_until_set(self._missed, pause)

    async def mend_everybody(self) -> None:
        """Compare every member of every server. Raises what is raised when the database or Discord is away."""
        began = time.monotonic()
        after: str | None = None
        while page := await self._client.list_desired_roles(PLATFORM, after, _PAGE):
            for desired in page:
                if desired.user_id is None:
                    async with self._one_by_one:
                        await self._mend_account(desired)
                elif self._differs(desired):
                    await self._mend_user(desired.user_id)  # asks again: a page grows old
            after = page[-1].external_id
        log.info("roles compared in %.1f s", time.monotonic() - began)

    async def _mend_user(self, user_id: int) -> None:
        async with self._one_by_one:
            try:
                desired = await self._client.list_member_roles(user_id, PLATFORM)
            except UserNotFoundError:
                return  # the community, or forgotten
            if desired is not None:
                await self._mend_account(desired)

    async def _mend_member(self, member: discord.Member) -> None:
        user = await self._client.find_user(PLATFORM, str(member.id))
        if user is not None:
            await self._mend_user(user.user_id)

    def _differs(self, desired: models.DesiredRoles) -> bool:
        for guild in self._bot.guilds:
            member = guild.get_member(int(desired.external_id))
            if member is not None:
                have = {str(role.id) for role in member.roles}
                due = {str(role.id) for role in _known(guild, desired.role_ids)}
                undue = {str(role.id) for role in _known(guild, desired.other_role_ids)}
                if due - have or due - set(desired.given_role_ids) or undue & (have | set(desired.given_role_ids)):
                    return True
        return False

    async def _mend_account(self, desired: models.DesiredRoles) -> None:
        given = dict(zip(desired.given_role_ids, desired.given_at, strict=True))
        for guild in self._bot.guilds:
            member = guild.get_member(int(desired.external_id))
            if member is not None:
                for role in _known(guild, desired.role_ids):
                    await self._mend_due(member, role, given.get(str(role.id)))
                for role in _known(guild, desired.other_role_ids):
                    await self._mend_undue(member, role, str(role.id) in given)

    async def _mend_due(self, member: discord.Member, role: discord.Role, given_at: dt.datetime | None) -> None:
        change = (member.id, role.id)
        if role in member.roles:
            self._given.discard(change)
            if given_at is None and change not in self._taken:
                await self._client.report_role_given(PLATFORM, str(member.id), str(role.id))
        elif change in self._given:
            return
        elif given_at is not None and _was_there(member, given_at):
            await self._report_removal(str(member.id), str(role.id))
        elif await self._change(member, role, True):
            await self._client.report_role_given(PLATFORM, str(member.id), str(role.id))

    async def _mend_undue(self, member: discord.Member, role: discord.Role, is_given: bool) -> None:
        """Reported first: what is due again when it has gone must not look as if a person had taken it."""
        if is_given:
            await self._client.report_role_taken(PLATFORM, str(member.id), str(role.id))
        is_taken = False
        try:
            is_known = role not in member.roles or (member.id, role.id) in self._taken
            is_taken = is_known or await self._change(member, role, False)
        finally:
            if is_given and not is_taken:
                await self._client.report_role_given(PLATFORM, str(member.id), str(role.id))

    async def _change(self, member: discord.Member, role: discord.Role, is_given: bool) -> bool:
        """Whether it was done; a role out of reach holds up no other. Only roles below the bot's own are tried."""
        if not role.is_assignable():
            await self._complaints.tell(member.guild, _NO_RIGHT, role=role.name)
            return False
        change, expected = (member.id, role.id), self._given if is_given else self._taken
        expected.add(change)
        try:
            await (member.add_roles(role) if is_given else member.remove_roles(role))
        except Exception as error:
            expected.discard(change)
            if not isinstance(error, discord.HTTPException):
                raise
            if isinstance(error, discord.Forbidden):
                await self._complaints.tell(member.guild, _NO_RIGHT, role=role.name)
            else:
                log.warning("role %d of a member: %s", role.id, type(error).__name__)
            return False
        return True

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """The library knows all members anew."""
        self._given.clear()
        self._taken.clear()

    @commands.Cog.listener("on_guild_join")
    @commands.Cog.listener("on_guild_available")
    async def on_guild(self, _guild: discord.Guild) -> None:
        """A server that came late, or is back: its members were not compared without it."""
        self._missed.set()

    @commands.Cog.listener()
    async def on_member_join(self, member: discord.Member) -> None:
        for expected in (self._given, self._taken):
            expected -= {change for change in expected if change[0] == member.id}
        try:
            await self._mend_member(member)
        except Exception as error:
            self._miss(error)

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        """Somebody has given or taken a role; that this bot has given one makes no difference to the database.

        The library has known it for a moment already, so this bot may have done the opposite since.
        """
        had, have = {role.id for role in before.roles}, {role.id for role in after.roles}
        gained = {(after.id, role_id) for role_id in have - had}
        lost = {(after.id, role_id) for role_id in had - have}
        own = gained & self._given | lost & self._taken
        self._given -= gained
        self._taken -= gained - own | lost
        try:
            for _, role_id in gained:
                await self._client.report_role_restored(PLATFORM, str(after.id), str(role_id))
            for _, role_id in lost - own:
                await self._report_removal(str(after.id), str(role_id))
            if own:
                await self._mend_member(after)  # what is due may be another by now
        except Exception as error:
            self._miss(error)

    async def _report_removal(self, external_id: str, role_id: str) -> None:
        """Only of roles that the member is to have at this moment: all others are nobody's business here."""
        user = await self._client.find_user(PLATFORM, external_id)
        desired = None if user is None else await self._client.list_member_roles(user.user_id, PLATFORM)
        if desired is not None and role_id in desired.role_ids:
            await self._client.report_role_removed(PLATFORM, external_id, role_id)


def _known(guild: discord.Guild, role_ids: Iterable[str]) -> list[discord.Role]:
    """Those that are roles of this server; each server has its own."""
    found = (guild.get_role(int(role_id)) for role_id in role_ids if role_id.isdigit())
    return [role for role in found if role is not None]


def _was_there(member: discord.Member, moment: dt.datetime) -> bool:
    """Whoever leaves loses all roles, and gets them again."""
    return member.joined_at is not None and member.joined_at < moment


def _log(error: Exception) -> None:
    """What is away comes back; all else is a mistake."""
    if isinstance(error, (psycopg.Error, TtfdError, *DISCORD_FAILURES)):
        log.warning("roles wait: %s", type(error).__name__)
    else:
        log.error("roles wait", exc_info=error)
