"""Roles that ranks and achievements give. The database says who is to have which; this compares and mends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

import discord
import psycopg
from discord.ext import commands

from .. import models
from ..async_client import AsyncClient
from ..async_listener import AsyncFeedListener
from ..bots.writer import marked
from ..errors import TtfdError, UserNotFoundError
from .notices import Complaints
from .talk import PLATFORM

__all__ = ["Roles"]

log = logging.getLogger("ttfd.discord")

_CHANGING = ("rank_up", "achievement_unlock", "account_linked", "accounts_merged", "merge_undone", "xp_change")
_PAGE = 500
_EVERYBODY_SECONDS = 900.0
_RETRY_SECONDS = 5.0
_NO_RIGHT = marked(
    "I may not give or take the role {role} on {server}. Let me manage roles, and put my own role above it."
)


class Roles(commands.Cog):
    """Gives and takes roles: at once when something changes, and every quarter of an hour whatever was missed.

    What a person takes away by hand is not given again; giving it back by hand takes that back.
    """

    def __init__(self, bot: commands.Bot, client: AsyncClient, url: str, complaints: Complaints) -> None:
        self._bot = bot
        self._client = client
        self._url = url
        self._complaints = complaints
        self._taken: set[tuple[int, int]] = set()  # members and roles: what is not to be taken for somebody's doing

    async def cog_load(self) -> None:
        self._following = asyncio.create_task(self._follow())
        self._mending = asyncio.create_task(self._mend())

    async def cog_unload(self) -> None:
        self._following.cancel()
        self._mending.cancel()

    async def _follow(self) -> None:
        await self._bot.wait_until_ready()
        async for batch in AsyncFeedListener(self._url, types=_CHANGING).batches():
            try:
                for user_id in dict.fromkeys(event.user_id for event in batch):
                    await self._mend_user(user_id)
            except (psycopg.Error, TtfdError) as error:
                log.warning("roles wait: %s", type(error).__name__)  # the next look at everybody mends it

    async def _mend(self) -> None:
        await self._bot.wait_until_ready()
        while True:
            pause = _EVERYBODY_SECONDS
            try:
                await self.mend_everybody()
            except (psycopg.Error, TtfdError) as error:
                log.warning("roles wait: %s", type(error).__name__)
                pause = _RETRY_SECONDS
            await asyncio.sleep(pause)

    async def mend_everybody(self) -> None:
        """Compare every member of every server. Raises psycopg.Error, TtfdError."""
        began = time.monotonic()
        after: str | None = None
        while page := await self._client.list_desired_roles(PLATFORM, after, _PAGE):
            for desired in page:
                await self._mend_account(desired)
            after = page[-1].external_id
        log.info("roles compared in %.1f s", time.monotonic() - began)

    async def _mend_user(self, user_id: int) -> None:
        try:
            desired = await self._client.list_member_roles(user_id, PLATFORM)
        except UserNotFoundError:
            return  # the community, or forgotten
        if desired is not None:
            await self._mend_account(desired)

    async def _mend_account(self, desired: models.DesiredRoles) -> None:
        for guild in self._bot.guilds:
            member = guild.get_member(int(desired.external_id))
            if member is not None:
                have = {role.id for role in member.roles}
                await self._change(
                    member, [role for role in _known(guild, desired.role_ids) if role.id not in have], True
                )
                await self._change(
                    member, [role for role in _known(guild, desired.other_role_ids) if role.id in have], False
                )

    async def _change(self, member: discord.Member, roles: list[discord.Role], is_given: bool) -> None:
        """One by one, so that a role out of reach holds up no other. Only roles below the bot's own are tried."""
        for role in roles:
            if not role.is_assignable():
                await self._complaints.tell(member.guild, _NO_RIGHT, role=role.name)
                continue
            try:
                if is_given:
                    self._taken.discard((member.id, role.id))
                    await member.add_roles(role)
                else:
                    self._taken.add((member.id, role.id))
                    await member.remove_roles(role)
            except discord.HTTPException as error:
                self._taken.discard((member.id, role.id))
                if isinstance(error, discord.Forbidden):
                    await self._complaints.tell(member.guild, _NO_RIGHT, role=role.name)
                    continue
                log.warning("role %d of member %d: %s", role.id, member.id, type(error).__name__)

    @commands.Cog.listener()
    async def on_member_join(self, member: discord.Member) -> None:
        try:
            user = await self._client.find_user(PLATFORM, str(member.id))
            if user is not None:
                await self._mend_user(user.user_id)
        except (psycopg.Error, TtfdError) as error:
            log.warning("roles wait: %s", type(error).__name__)

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        """Somebody has given or taken a role; that this bot has given one makes no difference to the database."""
        had, have = {role.id for role in before.roles}, {role.id for role in after.roles}
        try:
            for role_id in have - had:
                await self._client.report_role_restored(PLATFORM, str(after.id), str(role_id))
            for role_id in had - have:
                if (after.id, role_id) in self._taken:
                    self._taken.discard((after.id, role_id))
                else:
                    await self._report_removal(str(after.id), str(role_id))
        except (psycopg.Error, TtfdError) as error:
            log.warning("a change of roles by hand was not kept: %s", type(error).__name__)

    async def _report_removal(self, external_id: str, role_id: str) -> None:
        """Only of roles that the member is to have: all others are nobody's business here."""
        user = await self._client.find_user(PLATFORM, external_id)
        desired = None if user is None else await self._client.list_member_roles(user.user_id, PLATFORM)
        if desired is not None and role_id in desired.role_ids:
            await self._client.report_role_removed(PLATFORM, external_id, role_id)


def _known(guild: discord.Guild, role_ids: Iterable[str]) -> list[discord.Role]:
    """Those that are roles of this server; each server has its own."""
    found = (guild.get_role(int(role_id)) for role_id in role_ids if role_id.isdigit())
    return [role for role in found if role is not None]
