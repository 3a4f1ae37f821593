"""The snippets of docs/bots.md, as they stand there, on a real database."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.methods import TelegramMethod
from aiogram.types import Update
from snippets import PAGE, SNIPPETS, load
from telegram.request import _httpxrequest
from telegram_chat import ANNA, BORIS, BOT, GROUP, TOKEN, FakeTelegram, message_update, until

from calls import Connection, process_all, value
from ttfd import AsyncClient
from ttfd.bots.database import create_pool
from ttfd.bots.outbox import Outbox


def test_every_python_block_is_a_snippet_that_is_run_here() -> None:
    assert PAGE.read_text("utf-8").count("```python") == len(SNIPPETS)
    assert {"existing_telegram_bot", "aiogram_bot"} <= set(SNIPPETS)


def test_an_existing_python_telegram_bot_keeps_its_commands_and_gets_ours(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram = FakeTelegram()
    mocked = {"transport": httpx.MockTransport(telegram.handle)}
    real = httpx.AsyncClient
    monkeypatch.setattr(_httpxrequest.httpx, "AsyncClient", lambda **options: real(**{**options, **mocked}))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    telegram.updates = [
        message_update(1, "/ping"),
        message_update(2, "/profile"),
        message_update(3, "/spin"),
        message_update(4, "hello", chat=GROUP),
    ]

    async def run() -> None:
        running = asyncio.create_task(load("existing_telegram_bot", tmp_path).main())
        await until(lambda: len(telegram.named("sendMessage")) == 2 and not telegram.updates)
        await until(lambda: bool(value(db, "SELECT count(*) FROM ttfd.announcement_cursors")))
        await until(lambda: bool(value(db, "SELECT count(*) FROM ttfd.cross_platform_events")))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())
    texts = {call["text"].partition("\n")[0] for call in telegram.named("sendMessage")}
    assert texts == {"pong", "<b>Anna</b>"}
    process_all(db)
    assert value(db, "SELECT messages_sent FROM ttfd.unified_users") == 1


class FakeSession(BaseSession):
    """Remembers what aiogram would send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[TelegramMethod[Any]] = []

    async def make_request(self, bot: Bot, method: Any, timeout: int | None = None) -> Any:
        self.sent.append(method)
        return None

    async def stream_content(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    async def close(self) -> None:
        pass


def test_an_aiogram_bot_shows_profiles_pays_and_counts_each_update_once(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    session = FakeSession()
    snippet = load("aiogram_bot", tmp_path)
    updates = [
        message_update(1, "/profile", BORIS),
        message_update(2, "/daily", BORIS),
        message_update(3, "hello", BORIS, GROUP),
        message_update(4, "a bot", {**ANNA, "is_bot": True}, GROUP),
    ]

    async def run() -> None:
        async with create_pool(database_url, "test") as pool:
            client = AsyncClient(pool)
            async with Outbox(tmp_path / "outbox", client) as outbox:
                bot = Bot(TOKEN, session=session)
                assert bot.id == BOT["id"]
                for update in [*updates, *updates]:
                    await snippet.dispatcher.feed_update(
                        bot, Update.model_validate(update), client=client, outbox=outbox
                    )
                await until(lambda: outbox.waiting == 0)

    asyncio.run(run())
    texts = [method.text for method in session.sent]  # type: ignore[attr-defined]
    assert texts[0].startswith("<b>Борис</b>\nРанг F I")
    assert texts[1] == texts[3] != ""
    assert "+100 XP" in texts[1]
    process_all(db)
    assert value(db, "SELECT messages_sent FROM ttfd.unified_users") == 1
