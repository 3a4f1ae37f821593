"""The pieces in a bot that has commands, cogs and texts of its own."""

import asyncio
from pathlib import Path

import discord
from discord import app_commands
from discord.ext import commands
from discord_chat import TOKEN, Chat, as_discord, chat
from discord_server import FakeDiscord, discord_running

from calls import Connection
from ttfd import AsyncClient
from ttfd.bots.database import create_pool
from ttfd.bots.outbox import Outbox
from ttfd.discord import intents, mount

COGS = ("Messages", "Voice", "Roles", "Members")


class OwnTexts(app_commands.Translator):
    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        is_own = locale is discord.Locale.russian and string.message == "Roll {n} dice"
        return "Бросить {n} кубиков" if is_own else None


def test_a_bot_keeps_its_cogs_and_its_texts(db: Connection, database_url: str, tmp_path: Path) -> None:
    fake = FakeDiscord()
    url = as_discord(database_url)

    async def run() -> None:
        async with (
            discord_running(fake),
            create_pool(url, "test") as pool,
            Outbox(tmp_path / "outbox", AsyncClient(pool)) as outbox,
            commands.Bot("!", intents=intents()) as bot,
        ):

            @bot.tree.command(description="Roll {n} dice")
            async def roll(interaction: discord.Interaction[commands.Bot]) -> None: ...

            for name in COGS:
                await bot.add_cog(type(name, (commands.Cog,), {})())
            await bot.tree.set_translator(OwnTexts())
            await bot.login(TOKEN)
            await mount(bot, AsyncClient(pool), outbox, url, names=["profile"])
            await bot.tree.sync()

    asyncio.run(run())
    (registered,) = fake.called("PUT", r"/commands$")
    russian = {command["name"]: command["description_localizations"]["ru"] for command in registered.body["list"]}
    assert russian == {"roll": "Бросить {n} кубиков", "profile": "Ваш ранг, опыт и монеты"}


def test_what_is_unmounted_has_ended(db: Connection, database_url: str, tmp_path: Path) -> None:
    """And does not go on in the background with what is closed after it."""

    async def story(talk: Chat) -> None:
        for name in ("ttfd roles", "ttfd voice"):
            cog = await talk.bot.remove_cog(name)
            tasks = [task for task in vars(cog).values() if isinstance(task, asyncio.Task)]
            assert tasks
            assert all(task.done() for task in tasks)

    chat(database_url, tmp_path, story)
