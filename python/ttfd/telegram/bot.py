"""What reaches which handler. ``mount`` adds it all to an application, whoever made that."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeDefault, Message, Update
from telegram.error import TelegramError
from telegram.ext import (
    Application,
    CallbackContext,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
)

from ..async_client import AsyncClient
from ..bots import refusals
from ..bots.commands import COMMANDS
from ..bots.outbox import Outbox
from ..bots.writer import HTML, LANGUAGES, Writer, choose_language
from . import account, games, linking, login, notices
from .counting import count_messages
from .talk import Button, Handler, Setup, Talk

__all__ = ["ALLOWED_UPDATES", "mount", "show_commands"]

log = logging.getLogger("ttfd.telegram")

ALLOWED_UPDATES = [Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER]

HANDLERS: dict[str, Handler] = {
    "start": linking.start,
    "help": account.help_,
    "profile": account.profile,
    "rank": account.rank,
    "daily": account.daily,
    "leaderboard": account.leaderboard,
    "top": account.leaderboard,
    "season": account.season,
    "achievements": account.achievements,
    "shop": account.shop,
    "history": account.history,
    "language": account.language,
    "announcements": account.announcements,
    "link": linking.link,
    "unlink": linking.unlink,
    "login": login.login,
    "guess": games.guess,
    "quiz": games.quiz,
    "spin": games.spin,
}
BUTTONS: dict[str, Handler] = {
    "top": account.leaderboard,
    "history": account.history,
    "buy": account.buy,
    "language": account.set_language,
    "announcements": account.set_announcements,
    "redeem": linking.redeem,
    "cancel": linking.cancel,
    "unlink": linking.unlink_here,
    "undo": linking.undo,
    "guess": games.take_guess,
    "quiz": games.answer_quiz,
}
PRIVATE = {"history", "language", "announcements", "link", "unlink", "login"}
"""Commands that are answered in the private chat only: others would read along."""
_PRIVATE_BUTTONS = {"history", "language", "announcements", "redeem", "cancel", "unlink", "undo"}
_AT_A_TIME = 16  # answers in one chat
_WATCHING = -7433  # A group of handlers nobody else has: of each group, only one handler gets an update.

Callback = Callable[[Update, CallbackContext[Any, Any, Any, Any]], Coroutine[Any, Any, None]]


def mount(
    application: Application[Any, Any, Any, Any, Any, Any],
    client: AsyncClient,
    outbox: Outbox,
    *,
    commands: Iterable[str] = tuple(HANDLERS),
    group: int = 0,
    site_url: str | None = None,
    channel_id: int | None = None,
) -> None:
    """Add commands, buttons and the counting of messages to a bot.

    Args:
        client: for what is answered at once. Give it a pool when the application handles updates concurrently.
        outbox: for messages; somebody has to ``run()`` it.
        commands: those to add, when the bot has others of the same name.
        group: the application's group of handlers to add commands and buttons to. Messages are counted beside all
            groups, so that neither side's handlers take them from the other.
        site_url: the address of the website, for ``/login``; None where there is none.
        channel_id: of the group that a ``Herald`` announces in, for members to choose; None where there is none.
    """
    setup = Setup(client, tuple(commands), site_url, channel_id is not None)
    for name in setup.commands:
        application.add_handler(CommandHandler(name, _command(name, HANDLERS[name], setup)), group)
    application.add_handler(CallbackQueryHandler(_button(setup), pattern=rf"^({'|'.join(BUTTONS)})\|"), group)
    count_messages(application, outbox, _WATCHING)
    application.add_handler(ChatMemberHandler(_follow_membership, ChatMemberHandler.MY_CHAT_MEMBER), _WATCHING)


async def show_commands(bot: Bot, *, site_url: str | None = None) -> None:
    """Have Telegram list the commands, in private and in groups, in both languages; ``/login`` with a website only."""
    for language in LANGUAGES:
        w = Writer(language)
        listed = [BotCommand(name, w.say(COMMANDS[name])) for name in account.offered(account.HELP, site_url)]
        public = [command for command in listed if command.command not in PRIVATE]
        code = None if language == "en" else language  # the language of all others
        await bot.set_my_commands(listed, BotCommandScopeDefault(), code)
        await bot.set_my_commands(public, BotCommandScopeAllGroupChats(), code)


def _command(name: str, handler: Handler, setup: Setup) -> Callback:
    async def handle(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        if update.message is None or update.message.from_user is None or update.message.from_user.is_bot:
            return  # an edited command, or one of a channel
        talk = _talk(update, update.message, setup, list(context.args or ()))
        chosen = _refuse_in_public if name in PRIVATE and not talk.is_private else handler
        await _serve(chosen, talk)

    return handle


def _button(setup: Setup) -> Callback:
    async def handle(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        query = update.callback_query
        if query is None or not isinstance(query.message, Message):
            return  # a message that is too old to be edited
        action, *args, owner = (query.data or "").split("|")
        talk = _talk(update, query.message, setup, args)
        handler = BUTTONS[action]
        if owner != talk.external_id:
            handler = _refuse_stranger
        elif action in _PRIVATE_BUTTONS and not talk.is_private:
            handler = _refuse_forged
        await _serve(handler, talk)

    return handle


def _talk(update: Update, message: Message, setup: Setup, args: list[str]) -> Talk:
    user = update.effective_user
    assert user is not None
    writer = Writer(choose_language(None, user.language_code), HTML)
    return Talk(update, setup, writer, user, message, update.callback_query, args)


async def _serve(handler: Handler, talk: Talk) -> None:
    """Telegram takes 20 messages a minute for a group: who asks for more there must not hold up everybody else."""
    answering, chat_id = talk.setup.answering, talk.message.chat.id
    if answering[chat_id] >= _AT_A_TIME:
        return
    answering[chat_id] += 1
    try:
        await _answer(handler, talk)
    finally:
        answering[chat_id] -= 1
        if not answering[chat_id]:
            del answering[chat_id]


async def _answer(handler: Handler, talk: Talk) -> None:
    """Every failure ends in a sentence for the member."""
    try:
        chosen = (await talk.client.get_preferences("telegram", talk.external_id)).language
        talk.has_chosen_language = chosen is not None
        talk.writer = talk.writer.in_language(choose_language(chosen, talk.user.language_code))
        await handler(talk)
    except TelegramError:
        raise
    except Exception as error:
        if not refusals.is_expected(error):
            log.exception("update %d", talk.update.update_id)
        await talk.refuse(refusals.explain(talk.writer, error))


async def _refuse_in_public(talk: Talk) -> None:
    button = Button(talk.writer.say("Write to me"), url=f"{talk.bot_address}?start=link")
    await talk.answer(refusals.private_only(talk.writer), [[button]])
    if talk.args:
        with suppress(TelegramError):  # A code that others have read is theirs, too. Only an administrator may delete.
            await talk.message.delete()


async def _refuse_stranger(talk: Talk) -> None:
    await talk.refuse(talk.writer.say("This is somebody else's button."))


async def _refuse_forged(talk: Talk) -> None:
    """A member's program may press buttons that were never shown."""
    await talk.refuse(refusals.private_only(talk.writer))


async def _follow_membership(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
    await notices.follow_membership(update)
