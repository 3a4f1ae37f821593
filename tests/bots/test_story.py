"""One member, two platforms: the story of docs/bots-story.md, told by the two bots and the two libraries themselves.

``TTFD_WRITE_DOCS=1`` writes the transcript anew.
"""

import asyncio
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import discord_chat
import discord_server
import pytest
import telegram_chat
from discord_server import ANNA, BORIS, VOICE_CHANNEL, FakeDiscord
from telegram_chat import FakeTelegram, until

from calls import Connection, process_all, value, violations
from ttfd.bots.announcer import Announcer
from ttfd.telegram import Herald

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "bots-story.md", "ru": DOCS / "ru/bots-story.md"}
SHOWN_CODES = ("7K2M9XQ4TB", "3W8NDZ1VHC")

INTRODUCTION = {
    "en": "# One account, two bots\n\nWhat the two bots said when tests/bots/test_story.py talked to them. Names in "
    "brackets are buttons; /rank sends a picture that says the same.",
    "ru": "# Один аккаунт, два бота\n\nЧто ответили боты, когда с ними говорил tests/bots/test_story.py. В скобках — "
    "кнопки; /rank присылает картинку с тем же содержанием.",
}
WORDS = {
    "en": {
        "voice": "*Anna and Boris talk in a voice channel on Discord for two minutes.*",
        "told": "{} tells Anna",
        "copy": "Copy the code", "link": "Link", "undo": "Undo the link", "answer": "Mercury", "locale": "en-US",
    },
    "ru": {
        "voice": "*Анна и Борис две минуты говорят в голосовом канале Discord.*",
        "told": "{} сообщает Анне",
        "copy": "Скопировать код", "link": "Связать", "undo": "Отменить связь", "answer": "Меркурий", "locale": "ru",
    },
}  # fmt: skip


@dataclass
class Story:
    """Both conversations, and what was said in them."""

    telegram: telegram_chat.Chat
    discord: discord_chat.Chat
    db: Connection
    language: str
    lines: list[str] = field(default_factory=list)

    @property
    def user(self) -> dict[str, Any]:
        return {**telegram_chat.ANNA, "language_code": self.language}

    @property
    def name(self) -> str:
        return str(telegram_chat.ANNA["first_name"])

    def note(self, who: str, said: str, answer: str, buttons: list[str]) -> str:
        marks = " ".join(f"`[{button}]`" for button in buttons)
        self.lines += [f"**{who}:** {said}", f"```text\n{answer}\n```", *([marks] if buttons else [])]
        return answer

    async def on_telegram(self, text: str) -> str:
        answer = await self.telegram.send(text, self.user)
        return self.note(f"{self.name}, Telegram", f"`{text}`", answer, [b["text"] for b in self.telegram.buttons()])

    async def press_on_telegram(self, label: str) -> str:
        answer = await self.telegram.press(label, self.user)
        return self.note(f"{self.name}, Telegram", f"`[{label}]`", answer, [b["text"] for b in self.telegram.buttons()])

    async def on_discord(self, command: str, **options: str) -> str:
        answer = await self.discord.send(command, ANNA, locale=WORDS[self.language]["locale"], **options)
        for picture in (self.discord.shown or {}).get("attachments") or ():
            answer = discord_chat.plain(picture["description"])
        typed = " ".join([f"/{command}", *options.values()])
        return self.note(f"{self.name}, Discord", f"`{typed}`", answer, list(self.discord.buttons()))

    async def press_on_discord(self, label: str) -> str:
        answer = await self.discord.press(label, ANNA)
        return self.note(f"{self.name}, Discord", f"`[{label}]`", answer, list(self.discord.buttons()))

    async def announcements(self, herald: Announcer) -> None:
        """What has happened is applied, and told on both platforms."""
        process_all(self.db)
        telegram, discord = len(self.telegram.telegram.calls), len(self.discord.discord.said_in(f"9{ANNA}"))
        await herald.drain()
        await self.discord.announcer.drain()
        said = [telegram_chat.said(call) for _, call in self.telegram.telegram.calls[telegram:]]
        for text in said:
            self.lines += [f"**{WORDS[self.language]['told'].format('Telegram')}:**", f"```text\n{text}\n```"]
        for text in self.discord.discord.said_in(f"9{ANNA}")[discord:]:
            shown = discord_chat.plain(text)
            self.lines += [f"**{WORDS[self.language]['told'].format('Discord')}:**", f"```text\n{shown}\n```"]

    async def talk_for_two_minutes(self) -> None:
        gateway, sessions = self.discord.discord, "SELECT count(*) FROM ttfd.voice_sessions"
        for member_id in (ANNA, BORIS):
            await gateway.voice(member_id, VOICE_CHANNEL)
        await until(lambda: value(self.db, sessions) == 2 and not value(
            self.db, "SELECT bool_or(is_idle) FROM ttfd.voice_sessions"))  # fmt: skip
        self.db.execute("UPDATE ttfd.voice_sessions SET seen_at = seen_at - INTERVAL '2 minutes'")
        for member_id in (ANNA, BORIS):
            await gateway.voice(member_id, None)
        await until(lambda: value(self.db, sessions) == 0)
        process_all(self.db)
        self.lines.append(WORDS[self.language]["voice"])

    async def ranks(self) -> tuple[str, str]:
        """What /rank says on both sides: a picture, with the same in words."""
        return await self.on_telegram("/rank"), await self.on_discord("rank")

    def transcript(self) -> str:
        """What was said, without what differs from one time to the next."""
        text = "\n\n".join([INTRODUCTION[self.language], *self.lines]) + "\n"
        codes = dict.fromkeys(re.findall(r"\b[0-9A-HJKMNP-TV-Z]{10}\b", text))
        for code, shown in zip(codes, SHOWN_CODES, strict=True):
            text = text.replace(code, shown)
        return re.sub(r"(Undo, until|Отменить, до) [^:]+:", r"\1 …:", text)


async def tell(story: Story, herald: Announcer) -> None:
    """The story itself."""
    words = WORDS[story.language]
    await story.announcements(herald)
    await story.on_telegram("/start")
    await story.on_telegram("/spin")
    await story.on_telegram("/quiz")
    await story.press_on_telegram(words["answer"])
    await story.on_discord("daily")
    await story.on_telegram("/link")
    (copy,) = story.telegram.buttons()
    await story.on_discord("link", code=str(copy["copy_text"]["text"]))
    await story.press_on_discord(words["link"])
    await story.announcements(herald)
    await story.talk_for_two_minutes()
    on_telegram, on_discord = await story.ranks()
    assert on_telegram == on_discord
    assert "156 XP" in on_telegram  # 20 spin + 30 quiz + 100 daily + 6 voice
    await story.on_telegram("/unlink")
    await story.press_on_telegram(words["undo"])
    await story.announcements(herald)
    on_telegram, on_discord = await story.ranks()
    assert "56 XP" in on_telegram
    assert "100 XP" in on_discord


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_story_of_one_member_on_two_platforms(
    db: Connection, database_url: str, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = {"en": "Anna", "ru": "Анна"}[language]
    monkeypatch.setitem(discord_server.NAMES, ANNA, name)
    monkeypatch.setitem(telegram_chat.ANNA, "first_name", name)
    monkeypatch.setitem(discord_server.LOCALES, ANNA, WORDS[language]["locale"])
    db.execute("UPDATE ttfd.games SET prizes = '{100}' WHERE name = 'spin'")
    db.execute("DELETE FROM ttfd.quiz_questions WHERE options_en[2] <> 'Mercury'")

    async def run() -> str:
        (tmp_path / "telegram").mkdir()
        async with (
            telegram_chat.chatting(database_url, tmp_path / "telegram", FakeTelegram()) as telegram,
            discord_chat.chatting(database_url, tmp_path, FakeDiscord(WORDS[language]["locale"])) as discord,
        ):
            story = Story(telegram, discord, db, language)
            herald = Herald(telegram.application.bot, language=language)
            announcer = Announcer(telegram_chat.as_telegram(database_url), telegram.client, "telegram", herald.deliver)
            await tell(story, announcer)
            return story.transcript()

    transcript = asyncio.run(run())
    assert violations(db) == []
    if os.environ.get("TTFD_WRITE_DOCS"):
        PAGES[language].write_text(transcript, "utf-8")
    assert PAGES[language].read_text("utf-8") == transcript
