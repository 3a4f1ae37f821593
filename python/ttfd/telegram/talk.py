"""One exchange with a member: who speaks, in which language, and how the answer reaches the chat."""

from __future__ import annotations

import html
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from telegram import (
    CallbackQuery,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    Update,
    User,
)
from telegram.constants import ChatType, MessageLimit, ParseMode
from telegram.error import BadRequest

from .. import models
from ..async_client import AsyncClient
from ..bots.writer import Safe, Writer
from ..event_id import event_id_for

__all__ = ["Button", "Handler", "Setup", "Talk"]

log = logging.getLogger("ttfd.telegram")

_ALERT_LENGTH = 200
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class Button:
    """A button: ``data`` comes back when its owner presses it; ``url`` opens a page; ``copies`` a text."""

    text: str
    data: tuple[object, ...] = ()
    url: str | None = None
    copies: str | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """What all talks of a bot have in common."""

    client: AsyncClient
    commands: tuple[str, ...]
    """Those that the bot has."""
    site_url: str | None
    """The address of the website, where there is one."""
    has_channel: bool
    """Whether there is a group in which the bot makes announcements."""
    answering: Counter[int] = field(default_factory=Counter)
    """How many answers are under way in each chat."""


@dataclass(slots=True)
class Talk:
    """What a handler gets. A command is answered by a message, a button by an edit of the message it is on."""

    update: Update
    setup: Setup
    writer: Writer
    user: User
    message: Message
    query: CallbackQuery | None
    args: list[str]
    """The words after a command, or the data of a button."""
    has_chosen_language: bool = True

    @property
    def client(self) -> AsyncClient:
        return self.setup.client

    @property
    def external_id(self) -> str:
        return str(self.user.id)

    @property
    def is_private(self) -> bool:
        return self.message.chat.type == ChatType.PRIVATE

    @property
    def bot_address(self) -> str:
        return f"https://t.me/{self.message.get_bot().username}"

    @property
    def update_event_id(self) -> UUID:
        """The same when Telegram sends the update again. Each bot counts its updates by itself."""
        return event_id_for("telegram", self.message.get_bot().id, self.update.update_id)

    @property
    def message_event_id(self) -> UUID:
        """The same for all buttons of a message, however often this member presses them."""
        chat_id, message_id = self.message.chat.id, self.message.message_id
        return event_id_for("telegram", self.message.get_bot().id, "message", chat_id, message_id, self.user.id)

    async def member(self) -> models.Contact:
        """The member who speaks, created at first contact; names follow what Telegram says."""
        return await self.client.get_or_create_user(
            "telegram", self.external_id, self.user.username, self.user.full_name
        )

    async def answer(self, text: Safe, buttons: Iterable[Iterable[Button]] = ()) -> None:
        """Say something: in a new message after a command, in the same one after a button."""
        keyboard = self._keyboard(buttons)
        if self.query is None:
            await self.message.reply_text(
                fit(text),
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard,
                link_preview_options=_NO_PREVIEW,
                do_quote=not self.is_private,
                allow_sending_without_reply=True,
            )
            return
        try:
            await self.query.edit_message_text(fit(text), parse_mode=ParseMode.HTML, reply_markup=keyboard)
        except BadRequest as error:
            if "not modified" not in error.message.lower():
                raise
        with suppress(BadRequest):  # Too late to say that the button has worked: the message says so.
            await self.query.answer()

    async def answer_picture(self, picture: bytes, caption: Safe) -> bool:
        """Send a picture after a command; False where the chat takes none."""
        try:
            await self.message.reply_photo(
                picture,
                caption=caption,
                parse_mode=ParseMode.HTML,
                do_quote=not self.is_private,
                allow_sending_without_reply=True,
            )
        except BadRequest as error:
            log.warning("no picture in a chat: %s", error.message)
            return False
        return True

    async def refuse(self, text: Safe) -> None:
        """Say why not: after a button as an alert, so that the message with its buttons stays."""
        if self.query is None:
            await self.answer(text)
        else:
            with suppress(BadRequest):  # Nobody waits for it any more.
                await self.query.answer(html.unescape(text)[:_ALERT_LENGTH], show_alert=True)

    def _keyboard(self, rows: Iterable[Iterable[Button]]) -> InlineKeyboardMarkup | None:
        keyboard = [[self._button(button) for button in row] for row in rows]
        return InlineKeyboardMarkup([row for row in keyboard if row]) if any(keyboard) else None

    def _button(self, button: Button) -> InlineKeyboardButton:
        text = html.unescape(button.text)
        if button.url is not None:
            return InlineKeyboardButton(text, url=button.url)
        if button.copies is not None:
            return InlineKeyboardButton(text, copy_text=CopyTextButton(button.copies))
        data = "|".join(map(str, (*button.data, self.user.id)))
        return InlineKeyboardButton(text, callback_data=data)


Handler = Callable[[Talk], Awaitable[None]]


def fit(text: str) -> str:
    """As many whole lines as a message may have: every line closes the tags that it opens."""
    while len(text) > MessageLimit.MAX_TEXT_LENGTH and "\n" in text:
        text = text.rpartition("\n")[0]
    return text
