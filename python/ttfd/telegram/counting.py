"""Messages in groups: each is kept before Telegram is told that it has arrived, and counts once."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

from telegram import Update
from telegram.error import NetworkError
from telegram.ext import Application, CallbackContext, MessageHandler, filters

from ..bots.outbox import Outbox
from ..event_id import event_id_for

__all__ = ["count_messages"]

_COUNTED = filters.ChatType.GROUPS & filters.UpdateType.MESSAGE & ~filters.COMMAND & ~filters.StatusUpdate.ALL


def count_messages(application: Application[Any, Any, Any, Any, Any, Any], outbox: Outbox, group: int) -> None:
    """Put messages into the outbox: as they are polled, and those that come in another way by a handler."""
    counter = _Counter(outbox)
    application.add_handler(MessageHandler(_COUNTED, counter.handle), group)
    if application.updater is not None:
        application.updater.update_queue = _CountedQueue(application.update_queue, counter)


class _Counter:
    """Waits for nothing: the outbox sends."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._kept: set[int] = set()

    def keep(self, update: object) -> None:
        if isinstance(update, Update) and _COUNTED.check_update(update):
            self._put(update)
            self._kept.add(update.update_id)

    async def handle(self, update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        if update.update_id in self._kept:
            self._kept.remove(update.update_id)
        else:
            self._put(update)

    def _put(self, update: Update) -> None:
        message = update.message
        if message is None or message.from_user is None or message.from_user.is_bot or message.sender_chat is not None:
            return
        user = message.from_user
        self._outbox.put(
            event_id_for("telegram", message.get_bot().id, update.update_id),
            "telegram",
            str(user.id),
            "message_sent",
            occurred_at=message.date.isoformat(),
            names=(user.username, user.full_name),
        )


class _CountedQueue(asyncio.Queue[object]):
    """The way from the updater to the application. The next poll confirms what this one has brought, whether or not a
    handler has seen it, so a message has to be kept here."""

    def __init__(self, target: asyncio.Queue[object], counter: _Counter) -> None:
        super().__init__()
        self._target = target
        self._counter = counter

    async def put(self, item: object) -> None:
        try:
            self._counter.keep(item)
        except sqlite3.Error as error:  # The updater polls again after this kind of error, and has it once more.
            raise NetworkError(f"the outbox cannot be written: {error}") from error
        await self._target.put(item)
