"""A conversation with the Discord bot, everything mounted, through the real library."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from discord.ext import commands
from discord_server import ANNA, GUILD_ID, FakeDiscord, Payload, discord_running, member, until, user

from ttfd import AsyncClient
from ttfd.bots.announcer import Announcer
from ttfd.bots.database import create_pool
from ttfd.bots.outbox import Outbox
from ttfd.discord import create_bot, mount

TOKEN = "test"  # noqa: S105
SITE_URL = "https://example.org"
_OPTION_TYPES = {str: 3, int: 4}


@dataclass
class Chat:
    discord: FakeDiscord
    bot: commands.Bot
    client: AsyncClient
    outbox: Outbox
    announcer: Announcer
    url: str
    shown: Payload | None = None
    """The last answer, as Discord was given it."""
    private: bool = False
    """Whether only the member sees it."""
    files: dict[str, bytes] | None = None

    async def send(
        self, command: str, member_id: int = ANNA, *, locale: str | None = None, is_direct: bool = False, **options: Any
    ) -> str:
        """A slash command, on the server or in the private chat; what the member sees in the end."""
        resolved: Payload = {"users": {}, "members": {}}
        given = []
        for name, value in options.items():
            kind = 6 if name == "member" else _OPTION_TYPES[type(value)]
            if kind == 6:
                resolved["users"][str(value)] = user(value)
                resolved["members"][str(value)] = {**member(value), "permissions": "0"}
            given.append({"name": name, "type": kind, "value": str(value) if kind == 6 else value})
        data = {
            "id": "1",
            "name": command,
            "type": 1,
            "options": given,
            "resolved": resolved,
            "guild_id": str(GUILD_ID),
        }
        return await self._answer(await self.discord.interact(member_id, 2, data, locale, is_direct=is_direct))

    async def press(self, label: str, member_id: int = ANNA) -> str:
        """A button of the last answer, by what stands on it."""
        return await self.press_id(self.buttons()[label], member_id)

    async def press_id(self, custom_id: str, member_id: int = ANNA) -> str:
        shown = self.discord.message("…", 600)
        shown["components"] = [_button_row(custom_id)]
        data = {"custom_id": custom_id, "component_type": 2}
        return await self._answer(await self.discord.interact(member_id, 3, data, message=shown))

    async def suggest(self, command: str, option: str, typed: str, member_id: int = ANNA) -> list[Payload]:
        """What autocompletion offers."""
        given = [{"name": option, "type": 3, "value": typed, "focused": True}]
        data = {"id": "1", "name": command, "type": 1, "options": given}
        interaction = await self.discord.interact(member_id, 4, data)
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
        await until(lambda: self.discord.called("POST", re.escape(path)))
        choices: list[Payload] = self.discord.called("POST", re.escape(path))[0].body["data"]["choices"]
        return choices

    def buttons(self) -> dict[str, str]:
        rows = (self.shown or {}).get("components") or []
        return {button["label"]: button["custom_id"] for row in rows for button in row["components"]}

    async def _answer(self, interaction: Payload) -> str:
        token = interaction["token"]

        def answers() -> list[Any]:
            direct = [call for call in self.discord.called("POST", f"/{token}/callback") if call.body["type"] == 4]
            return direct + self.discord.called("PATCH|POST", f"/webhooks/.*/{token}") + self._edits(token)

        await until(answers)
        call = answers()[-1]
        callback = self.discord.called("POST", f"/{token}/callback")[0].body
        # What follows upon "an answer is to come" is seen by whoever sees that, unless that was deleted.
        takes_its_place = callback["type"] == 5 and not self.discord.called("DELETE", f"/{token}/")
        flags = (callback.get("data") or {}).get("flags", 0) if takes_its_place or callback["type"] == 4 else 64
        self.private = bool(flags & 64) and (takes_its_place or callback["type"] == 4 or call.body.get("flags", 0) & 64)
        self.shown = call.body.get("data", call.body)
        self.files = call.files
        assert self.shown is not None
        return plain(self.shown["content"])

    def _edits(self, token: str) -> list[Any]:
        return self.discord.called("PATCH", f"/{token}/messages/@original") + self.discord.called("POST", f"/{token}$")


def plain(text: str) -> str:
    """A text without Markdown, with plain spaces."""
    shown = re.sub(r"\*\*|(?<!\\)`", "", text).replace("\xa0", " ").replace("\u202f", " ")
    return re.sub(r"\\(.)", r"\1", shown)


def _button_row(custom_id: str) -> Payload:
    return {"type": 1, "components": [{"type": 2, "style": 2, "label": "?", "custom_id": custom_id}]}


def as_discord(database_url: str) -> str:
    """The address with the rights of a Discord bot and no others."""
    return psycopg.conninfo.make_conninfo(database_url, options="-c role=ttfd_discord")


@asynccontextmanager
async def chatting(
    database_url: str,
    place: Path,
    fake: FakeDiscord | None = None,
    channel_id: int | None = None,
    site_url: str | None = SITE_URL,
) -> AsyncIterator[Chat]:
    url = as_discord(database_url)
    async with (
        discord_running(fake or FakeDiscord()) as running,
        create_pool(url, "test") as pool,
        Outbox(place / "outbox", AsyncClient(pool)) as outbox,
        create_bot() as bot,
    ):
        client = AsyncClient(pool)
        bot._connection.guild_ready_timeout = 0.01
        await bot.login(TOKEN)
        announcer = await mount(bot, client, outbox, url, channel_id=channel_id, site_url=site_url)
        await bot.tree.sync()
        connection = asyncio.create_task(bot.connect())
        await bot.wait_until_ready()
        try:
            yield Chat(running, bot, client, outbox, announcer, database_url)
        finally:
            await bot.close()
            await asyncio.gather(connection, return_exceptions=True)


def chat(
    database_url: str,
    place: Path,
    story: Callable[[Chat], Awaitable[None]],
    fake: FakeDiscord | None = None,
    channel_id: int | None = None,
    site_url: str | None = SITE_URL,
) -> FakeDiscord:
    """Run a conversation."""
    fake = fake or FakeDiscord()

    async def run() -> None:
        async with chatting(database_url, place, fake, channel_id, site_url) as conversation:
            await story(conversation)

    asyncio.run(run())
    # A connection that was given up while it was being made is closed when it is collected. Until then the server
    # waits for its password, a minute at most, and cannot drop the database.
    gc.collect()
    return fake
