"""Telegram without Telegram: real updates in, real calls of the Bot API out, answered by this file."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import psycopg
from telegram import Update
from telegram.ext import Application
from telegram.request import BaseRequest, HTTPXRequest

from ttfd import AsyncClient
from ttfd.bots.database import create_pool
from ttfd.bots.outbox import Outbox
from ttfd.bots.tasks import end_tasks
from ttfd.telegram import mount
from ttfd.telegram.run import build_application

TOKEN = "4242:test"  # noqa: S105
SITE_URL = "https://example.org"
BOT = {"id": 4242, "is_bot": True, "first_name": "Bot", "username": "ttfd_bot", "can_join_groups": True}
ANNA = {"id": 1001, "is_bot": False, "first_name": "Anna", "username": "anna", "language_code": "en"}
BORIS = {"id": 1002, "is_bot": False, "first_name": "Борис", "username": "boris", "language_code": "ru"}
GROUP = {"id": -100500, "type": "supergroup", "title": "Community"}
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@dataclass
class FakeTelegram:
    """Remembers the calls of the Bot API; ``updates`` is what getUpdates gives."""

    sees_all: bool = True
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    photos: dict[str, Any] = field(default_factory=lambda: {"total_count": 0, "photos": []})
    files: dict[str, bytes] = field(default_factory=dict)
    pollers: int = 0
    most_pollers: int = 0
    fails: Callable[[str, dict[str, Any]], httpx.Response | None] = lambda method, parameters: None
    _messages: int = 1000

    def request(self) -> BaseRequest:
        return HTTPXRequest(httpx_kwargs={"transport": httpx.MockTransport(self.handle)})

    def named(self, method: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.calls if name == method]

    async def handle(self, request: httpx.Request) -> httpx.Response:
        method = request.url.path.rpartition("/")[2]
        parameters = _parameters(request)
        if "/file/" in request.url.path:
            return httpx.Response(200, content=self.files[method])
        if method == "getUpdates":
            return self.fails(method, parameters) or await self._poll(parameters)
        self.calls.append((method, parameters))
        return self.fails(method, parameters) or _ok(self._result(method, parameters))

    def _result(self, method: str, parameters: dict[str, Any]) -> object:
        if method == "getMe":
            return {**BOT, "can_read_all_group_messages": self.sees_all}
        if method == "getUserProfilePhotos":
            return self.photos
        if method == "getFile":
            return {"file_id": "f", "file_unique_id": "u", "file_path": "photos/1.png"}
        if method not in ("sendMessage", "editMessageText", "sendPhoto"):
            return True
        self._messages += 1
        number = int(parameters.get("message_id", self._messages))
        chat_id = int(parameters["chat_id"])
        chat = GROUP if chat_id < 0 else {"id": chat_id, "type": "private"}
        return {"message_id": number, "date": 1, "chat": chat, "from": BOT, "text": parameters.get("text", "")}

    async def _poll(self, parameters: dict[str, Any]) -> httpx.Response:
        self.pollers += 1
        self.most_pollers = max(self.most_pollers, self.pollers)
        try:
            await asyncio.sleep(0.02)
            offset = int(parameters.get("offset", 0))
            self.updates = [update for update in self.updates if update["update_id"] >= offset]
            return _ok(self.updates[: int(parameters.get("limit", 100))])
        finally:
            self.pollers -= 1


def _parameters(request: httpx.Request) -> dict[str, Any]:
    """What a call says; the bytes of its files as they are."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return dict(parse_qsl(request.content.decode(), keep_blank_values=True))
    parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\n\n" + request.content).get_payload()
    assert isinstance(parts, list)
    found: dict[str, Any] = {}
    for part in parts:
        content = part.get_payload(decode=True)
        is_file = part.get_filename() is not None
        found[str(part.get_param("name", header="content-disposition"))] = content if is_file else content.decode()
    return found


def _ok(result: object) -> httpx.Response:
    return httpx.Response(200, json={"ok": True, "result": result})


def refused(status: int, description: str) -> httpx.Response:
    return httpx.Response(status, json={"ok": False, "error_code": status, "description": description})


def message_update(
    number: int, text: str, user: dict[str, Any] = ANNA, chat: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """A message as Telegram sends it; in the private chat unless another is given."""
    message: dict[str, Any] = {
        "message_id": number,
        "date": int(NOW.timestamp()) + number % 100_000,
        "chat": chat or {"id": user["id"], "type": "private"},
        "from": user,
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
    return {"update_id": number, "message": {**message, **changes}}


@dataclass
class Chat:
    """A conversation with a bot that has everything mounted."""

    telegram: FakeTelegram
    application: Application[Any, Any, Any, Any, Any, Any]
    outbox: Outbox
    client: AsyncClient
    _number: int = 0

    async def feed(self, update: dict[str, Any]) -> list[str]:
        """Hand an update to the bot; what it says, without markup."""
        before = len(self.telegram.calls)
        await self.application.process_update(Update.de_json(json.loads(json.dumps(update)), self.application.bot))
        return [
            said(parameters) for _, parameters in self.telegram.calls[before:] if {"text", "caption"} & {*parameters}
        ]

    async def send(self, text: str, user: dict[str, Any] = ANNA, chat: dict[str, Any] | None = None) -> str:
        """Send a message; the one answer, empty when there is none."""
        self._number += 1
        answers = await self.feed(message_update(self._number, text, user, chat))
        assert len(answers) <= 1, answers
        return answers[0] if answers else ""

    def buttons(self) -> list[dict[str, Any]]:
        """The buttons of the last message."""
        texts = [
            parameters for _, parameters in self.telegram.calls if "chat_id" in parameters and "text" in parameters
        ]
        keyboard = json.loads(texts[-1].get("reply_markup") or '{"inline_keyboard": []}')
        return [button for row in keyboard["inline_keyboard"] for button in row]

    async def press(self, label: str, user: dict[str, Any] = ANNA, chat: dict[str, Any] | None = None) -> str:
        """Press the button of the last message with this text."""
        (button,) = [button for button in self.buttons() if button["text"].startswith(label)]
        return await self.press_data(button["callback_data"], user, chat)

    async def press_data(
        self, data: str, user: dict[str, Any] = ANNA, chat: dict[str, Any] | None = None, message_id: int = 77
    ) -> str:
        self._number += 1
        answers = await self.feed(callback_update(self._number, data, user, chat, message_id))
        assert len(answers) == 1, answers
        return answers[0]


def callback_update(
    number: int, data: str, user: dict[str, Any] = ANNA, chat: dict[str, Any] | None = None, message_id: int = 77
) -> dict[str, Any]:
    message = {
        "message_id": message_id,
        "date": int(NOW.timestamp()),
        "chat": chat or {"id": user["id"], "type": "private"},
        "from": BOT,
        "text": "…",
    }
    query = {"id": str(number), "from": user, "chat_instance": "1", "data": data, "message": message}
    return {"update_id": number, "callback_query": query}


_ADMINISTRATOR_RIGHTS = (
    *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
    *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories"),
    *("can_edit_stories", "can_delete_stories"),
)


def membership_update(chat: dict[str, Any], old: str, new: str, user: dict[str, Any] = BORIS) -> dict[str, Any]:
    """What the bot is in a chat has changed."""

    def member(status: str) -> dict[str, Any]:
        extra = {"kicked": {"until_date": 0}, "administrator": dict.fromkeys(_ADMINISTRATOR_RIGHTS, False)}
        return {"user": BOT, "status": status, **extra.get(status, {})}

    change = {"chat": chat, "from": user, "date": 1, "old_chat_member": member(old), "new_chat_member": member(new)}
    return {"update_id": 1, "my_chat_member": change}


def said(parameters: dict[str, Any]) -> str:
    """The text of an answer without tags, with plain spaces."""
    text = parameters.get("text") or parameters["caption"]
    return unescape(re.sub(r"</?(b|code)>", "", text)).replace("\xa0", " ").replace("\u202f", " ")


def as_telegram(database_url: str) -> str:
    """The address with the rights of a Telegram bot and no others."""
    return psycopg.conninfo.make_conninfo(database_url, options="-c role=ttfd_telegram")


@asynccontextmanager
async def chatting(
    database_url: str,
    place: Path,
    telegram: FakeTelegram | None = None,
    site_url: str | None = SITE_URL,
    channel_id: int | None = None,
) -> AsyncIterator[Chat]:
    telegram = telegram or FakeTelegram()
    application = build_application(TOKEN, telegram.request)
    async with create_pool(as_telegram(database_url), "test") as pool:
        outbox = Outbox(place / "outbox", AsyncClient(pool))
        mount(application, AsyncClient(pool), outbox, site_url=site_url, channel_id=channel_id)
        sender = asyncio.create_task(outbox.run())
        await application.initialize()
        try:
            yield Chat(telegram, application, outbox, AsyncClient(pool))
        finally:
            await end_tasks(sender)
            await application.shutdown()
            await outbox.close()


def chat(
    database_url: str,
    place: Path,
    story: Callable[[Chat], Awaitable[None]],
    site_url: str | None = SITE_URL,
    channel_id: int | None = None,
    **telegram: Any,
) -> FakeTelegram:
    """Run a conversation."""
    fake = FakeTelegram(**telegram)

    async def run() -> None:
        async with chatting(database_url, place, fake, site_url, channel_id) as conversation:
            await story(conversation)

    asyncio.run(run())
    return fake


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
