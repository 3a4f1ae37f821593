"""The slash commands and the buttons: what reaches which handler."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from ..async_client import AsyncClient
from ..bots.commands import COMMANDS
from ..bots.refusals import is_expected
from ..bots.words import METRICS, PLACES
from ..bots.writer import LANGUAGES, Writer, choose_language
from ..names import marked
from . import account, coins, linking
from .login import login
from .talk import PLATFORM, Button, Handler, Interaction, Talk, serve

__all__ = ["Members", "Texts"]

_CHOICES = 25
_LONGEST_CHOICE = 100
_SUGGEST_SECONDS = 2.0  # Discord waits three

_METRICS = [Choice(name=name, value=metric) for metric, name in METRICS.items()]
_LANGUAGES = [Choice(name=name, value=language) for language, name in LANGUAGES.items()]
_PLACES = [Choice(name=name, value=place) for place, name in PLACES.items()]

BUTTONS: dict[str, Callable[[Talk, str], Awaitable[None]]] = {
    "history": lambda talk, before: account.history(talk, int(before)),
    "redeem": linking.redeem,
    "cancel": lambda talk, _: linking.cancel(talk),
    "unlink": lambda talk, _: linking.unlink_here(talk),
    "undo": lambda talk, merge_id: linking.undo(talk, int(merge_id)),
}


class Texts(app_commands.Translator):
    """Descriptions and choices in Russian; the sources have them in English. Names of commands stay as they are.

    Parameters:
        other: translates what is not ours, where the bot has commands of its own.
    """

    def __init__(self, other: app_commands.Translator | None = None) -> None:
        self._other = other

    async def load(self) -> None:
        if self._other is not None:
            await self._other.load()

    async def unload(self) -> None:
        if self._other is not None:
            await self._other.unload()

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        if locale is discord.Locale.russian and context.location not in _NAMES and _PLAIN.fullmatch(string.message):
            said = Writer("ru").say(string.message)
            if said != string.message:
                return said
        return None if self._other is None else await self._other.translate(string, locale, context)


_PLAIN = re.compile(r"[^{}]+")  # ours have no places to fill
_NAMES = (
    app_commands.TranslationContextLocation.command_name,
    app_commands.TranslationContextLocation.group_name,
    app_commands.TranslationContextLocation.parameter_name,
)


class Members(commands.Cog, name="ttfd"):
    """What members can ask for. Answers that are a member's own business are shown to that member alone."""

    def __init__(self, client: AsyncClient, names: Collection[str] | None = None, site_url: str | None = None) -> None:
        self.client = client
        self.site_url = site_url
        offered = self.__cog_app_commands__
        if names is not None:  # the bot has others of the same name
            offered = [found for found in offered if found.name in names]
        if not site_url:
            offered = [found for found in offered if found.name != "login"]
        self.__cog_app_commands__ = offered

    async def press(self, interaction: Interaction, button: Button) -> None:
        """A button of any message that this bot has ever sent."""
        handler = BUTTONS.get(button.action)
        if handler is None or button.owner != interaction.user.id:
            w = Writer(choose_language(None, str(interaction.locale)))
            await interaction.response.send_message(w.say("This is somebody else's button."), ephemeral=True)
            return
        await serve(interaction, self.client, lambda talk: handler(talk, button.argument), is_private=True)

    async def _private(self, interaction: Interaction, handler: Handler) -> None:
        await serve(interaction, self.client, handler, is_private=True)

    async def _public(self, interaction: Interaction, handler: Handler) -> None:
        await serve(interaction, self.client, handler, is_private=False)

    @app_commands.command(description=COMMANDS["help"])
    async def help(self, interaction: Interaction) -> None:
        listed = [(command.name, command.description) for command in self.get_app_commands()]
        await self._private(interaction, lambda talk: account.help_(talk, listed))

    @app_commands.command(description=COMMANDS["profile"])
    @app_commands.describe(member=marked("Another member"))
    async def profile(self, interaction: Interaction, member: discord.User | None = None) -> None:
        await self._public(interaction, lambda talk: account.profile(talk, member))

    @app_commands.command(description=COMMANDS["rank"])
    @app_commands.describe(member=marked("Another member"))
    async def rank(self, interaction: Interaction, member: discord.User | None = None) -> None:
        await self._public(interaction, lambda talk: account.rank(talk, member))

    @app_commands.command(description=COMMANDS["top"])
    @app_commands.describe(by=marked("What counts"))
    @app_commands.choices(by=_METRICS)
    async def top(self, interaction: Interaction, by: str = "xp") -> None:
        await self._public(interaction, lambda talk: account.top(talk, by))

    @app_commands.command(description=COMMANDS["season"])
    async def season(self, interaction: Interaction) -> None:
        await self._public(interaction, account.season)

    @app_commands.command(description=COMMANDS["achievements"])
    async def achievements(self, interaction: Interaction) -> None:
        await self._private(interaction, account.achievements)

    @app_commands.command(description=COMMANDS["history"])
    async def history(self, interaction: Interaction) -> None:
        await self._private(interaction, lambda talk: account.history(talk, None))

    @app_commands.command(description=COMMANDS["language"])
    @app_commands.describe(language=marked("Which language?"))
    @app_commands.choices(language=_LANGUAGES)
    async def language(self, interaction: Interaction, language: str) -> None:
        await self._private(interaction, lambda talk: account.set_language(talk, language))

    @app_commands.command(description=COMMANDS["announcements"])
    @app_commands.describe(where=marked("Where I tell it"))
    @app_commands.choices(where=_PLACES)
    async def announcements(self, interaction: Interaction, where: str) -> None:
        await self._private(interaction, lambda talk: account.set_announcements(talk, where))

    @app_commands.command(description=COMMANDS["daily"])
    async def daily(self, interaction: Interaction) -> None:
        await self._private(interaction, coins.daily)

    @app_commands.command(description=COMMANDS["work"])
    async def work(self, interaction: Interaction) -> None:
        await self._private(interaction, coins.work)

    @app_commands.command(description=COMMANDS["pay"])
    @app_commands.describe(member=marked("To whom"), amount=marked("How many coins"))
    async def pay(self, interaction: Interaction, member: discord.User, amount: app_commands.Range[int, 1]) -> None:
        await self._public(interaction, lambda talk: coins.pay(talk, member, amount))

    @app_commands.command(description=COMMANDS["shop"])
    async def shop(self, interaction: Interaction) -> None:
        await self._private(interaction, coins.shop)

    @app_commands.command(description=COMMANDS["buy"])
    @app_commands.describe(item=marked("What to buy"))
    async def buy(self, interaction: Interaction, item: str) -> None:
        await self._private(interaction, lambda talk: coins.buy(talk, item))

    @buy.autocomplete("item")
    async def _suggest_items(self, interaction: Interaction, current: str) -> list[Choice[str]]:
        """Nothing rather than an error: one may still type."""
        external_id = str(interaction.user.id)
        try:
            async with asyncio.timeout(_SUGGEST_SECONDS):
                chosen = (await self.client.get_preferences(PLATFORM, external_id)).language
                user = await self.client.find_user(PLATFORM, external_id)
                items = await self.client.list_shop(None if user is None else user.user_id)
        except Exception as error:
            if not (is_expected(error) or isinstance(error, TimeoutError)):
                raise
            return []
        w = Writer(choose_language(chosen, str(interaction.locale)))
        named = [(item.item, f"{w.choose(item.title_ru, item.title_en)} — {w.number(item.price)}") for item in items]
        fitting = [(item, name) for item, name in named if current.casefold() in name.casefold()]
        return [Choice(name=name[:_LONGEST_CHOICE], value=item) for item, name in fitting[:_CHOICES]]

    @app_commands.command(description=COMMANDS["inventory"])
    async def inventory(self, interaction: Interaction) -> None:
        await self._private(interaction, coins.inventory)

    @app_commands.command(description=COMMANDS["link"])
    @app_commands.describe(code=marked("The code from the other platform, if you have one"))
    async def link(self, interaction: Interaction, code: str | None = None) -> None:
        await self._private(interaction, lambda talk: linking.link(talk, code))

    @app_commands.command(description=COMMANDS["unlink"])
    async def unlink(self, interaction: Interaction) -> None:
        await self._private(interaction, linking.unlink)

    @app_commands.command(description=COMMANDS["login"])
    async def login(self, interaction: Interaction) -> None:
        assert self.site_url  # the command is not there without one
        site_url = self.site_url
        await self._private(interaction, lambda talk: login(talk, site_url))
