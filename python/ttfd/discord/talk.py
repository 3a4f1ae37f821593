"""One exchange with a member: who speaks, in which language, and how the answer reaches Discord."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import aiohttp
import discord
from discord.ext import commands

from .. import models
from ..async_client import AsyncClient
from ..bots import refusals
from ..bots.writer import Safe, Writer, choose_language
from ..event_id import event_id_for

__all__ = ["DISCORD_FAILURES", "MARKDOWN", "PLATFORM", "Button", "Handler", "Talk", "fit", "serve"]

log = logging.getLogger("ttfd.discord")

PLATFORM = "discord"
_LONGEST_MESSAGE = 2000

DISCORD_FAILURES = (discord.DiscordException, aiohttp.ClientError, ConnectionError, TimeoutError)
"""What a call of Discord may raise: it refuses, or cannot be reached."""

Interaction = discord.Interaction[Any]


_PATH = re.compile(r"/(?=\S)")


class Markdown:
    """Discord's Markdown."""

    def escape(self, text: str) -> str:
        escaped = discord.utils.escape_markdown(text, ignore_links=False)
        escaped = discord.utils.escape_mentions(escaped).replace("<", "\\<")
        return _PATH.sub("/\u200b", escaped)  # a name is no invitation to anywhere

    def bold(self, text: str) -> str:
        return f"**{text}**"

    def code(self, text: str) -> str:
        return f"`{text}`"

    def link(self, url: str) -> str:
        return f"<{url}>"


MARKDOWN = Markdown()


class Button(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"ttfd:(?P<action>[a-z]+):(?P<argument>[^:]*):(?P<owner>[0-9]+)",
):
    """A button whose meaning is in its id, so that it works after a restart. The cog knows what to do.

    Parameters:
        action: the name of a handler.
        argument: for the handler.
        owner: who may press it.
    """

    def __init__(self, label: str, action: str, argument: object, owner: int) -> None:
        super().__init__(discord.ui.Button(label=label, custom_id=f"ttfd:{action}:{argument}:{owner}"))
        self.action = action
        self.argument = str(argument)
        self.owner = owner

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(getattr(item, "label", None) or "", match["action"], match["argument"], int(match["owner"]))

    async def callback(self, interaction: Interaction) -> None:
        cog = interaction.client.get_cog("ttfd") if isinstance(interaction.client, commands.Bot) else None
        if cog is not None:
            await cog.press(interaction, self)  # type: ignore[attr-defined]  # the cog of this name is ours


@dataclass(slots=True)
class Talk:
    """What a handler gets. A command is answered by a message, a button by an edit of the message it is on."""

    interaction: Interaction
    client: AsyncClient
    writer: Writer
    is_private: bool

    @property
    def user(self) -> discord.User | discord.Member:
        return self.interaction.user

    @property
    def external_id(self) -> str:
        return str(self.user.id)

    @property
    def event_id(self) -> UUID:
        """The same when the interaction is delivered again."""
        return event_id_for("discord", self.interaction.id)

    async def member(self, user: discord.User | discord.Member | None = None) -> models.Contact:
        """The member who speaks, or another, created at first contact; names follow what Discord says."""
        user = user or self.user
        return await self.client.get_or_create_user(PLATFORM, str(user.id), user.name, user.display_name)

    async def answer(self, text: Safe, buttons: Iterable[Button] = (), file: discord.File | None = None) -> None:
        view = discord.ui.View(timeout=None)
        for button in buttons:
            view.add_item(button)
        await self.interaction.edit_original_response(
            content=fit(text), view=view if view.children else None, attachments=[] if file is None else [file]
        )

    async def refuse(self, text: Safe) -> None:
        """Say why not, to the member alone: after a button beside it, so that the message with its buttons stays."""
        is_button = self.interaction.type is discord.InteractionType.component
        if self.is_private and not is_button:
            await self.answer(text)
            return
        if not is_button:
            with suppress(discord.NotFound):  # everybody sees that an answer was to come, and would see this one
                await self.interaction.delete_original_response()
        await self.interaction.followup.send(fit(text), ephemeral=True)

    def button(self, label: Safe, action: str, argument: object = "") -> Button:
        return Button(label, action, argument, self.user.id)


Handler = Callable[[Talk], Awaitable[None]]


async def serve(interaction: Interaction, client: AsyncClient, handler: Handler, *, is_private: bool) -> None:
    """Answer an interaction. Discord waits three seconds, so it is told first that an answer will come.

    Every failure ends in a sentence for the member; none ends the bot.
    """
    talk = Talk(interaction, client, Writer(choose_language(None, str(interaction.locale)), MARKDOWN), is_private)
    try:
        await interaction.response.defer(ephemeral=is_private)
        try:
            chosen = (await client.get_preferences(PLATFORM, talk.external_id)).language
            talk.writer = Writer(choose_language(chosen, str(interaction.locale)), MARKDOWN)
            await handler(talk)
        except DISCORD_FAILURES:
            raise
        except Exception as error:
            if not refusals.is_expected(error):
                log.exception("interaction %d", interaction.id)
            await talk.refuse(refusals.explain(talk.writer, error))
    except DISCORD_FAILURES as error:  # the member does not see it, but the administrator
        log.error("interaction %d was not answered: %s", interaction.id, error)


def fit(text: str) -> str:
    """As many whole lines as a message may have."""
    while len(text) > _LONGEST_MESSAGE and "\n" in text:
        text = text.rpartition("\n")[0]
    return text[:_LONGEST_MESSAGE]
