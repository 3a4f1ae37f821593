"""What the bot says of its own accord."""

from __future__ import annotations

import logging

import httpx
from telegram import Bot, ChatMember, LinkPreviewOptions, Update
from telegram.constants import ChatType, ParseMode
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter

from .. import models
from ..bots.announcer import PlatformAwayError, announcement_text
from ..bots.writer import HTML, Safe, Writer, choose_language

__all__ = ["Herald", "announce", "follow_membership", "warn_of_privacy_mode"]

log = logging.getLogger("ttfd.telegram")

_HERE = {ChatMember.MEMBER, ChatMember.RESTRICTED, ChatMember.ADMINISTRATOR, ChatMember.OWNER}


async def announce(bot: Bot, external_id: str, text: Safe) -> bool:
    """Tell a member something in the private chat; the text is in Telegram's HTML (see ``ttfd.bots.writer.HTML``).

    Returns:
        whether it has arrived: not with a member who has blocked the bot, or never wrote to it. Raises
        telegram.error.TelegramError when it may arrive later.
    """
    try:
        await _send(bot, int(external_id), text)
    except (Forbidden, BadRequest) as error:
        if isinstance(error, BadRequest) and "chat not found" not in error.message.lower():
            raise
        return False
    return True


async def _send(bot: Bot, chat_id: int, text: Safe) -> None:
    """Without a preview of addresses: a member's name may be one."""
    options = LinkPreviewOptions(is_disabled=True)
    await bot.send_message(chat_id, text, parse_mode=ParseMode.HTML, link_preview_options=options)


class Herald:
    """Sends announcements: to the member's own chat, or into the group that was chosen for them.

    Parameters:
        channel_id: of that group or channel; without one, members are told privately, and the community is not.
        language: of what is said there.
    """

    def __init__(self, bot: Bot, channel_id: int | None = None, language: str = "ru") -> None:
        self._bot = bot
        self._channel_id = channel_id
        self._language = language

    async def deliver(self, told: models.Announcement) -> None:
        """For an ``Announcer``. Raises telegram.error.TelegramError, PlatformAwayError."""
        try:
            await self._deliver(told)
        except NetworkError as error:
            if _has_arrived_nowhere(error):
                raise PlatformAwayError from error
            raise
        except RetryAfter as error:  # the library has waited as long as Telegram said, more than once
            raise PlatformAwayError from error

    async def _deliver(self, told: models.Announcement) -> None:
        if told.audience == "public" and self._channel_id is not None:
            text = announcement_text(Writer(self._language, HTML), told, is_public=True)
            if text is not None:
                await self._send_publicly(self._channel_id, text)
        elif told.external_id is not None:
            text = announcement_text(Writer(choose_language(told.language, None), HTML), told)
            if text is not None:
                await announce(self._bot, told.external_id, text)

    async def _send_publicly(self, channel_id: int, text: Safe) -> None:
        try:
            await _send(self._bot, channel_id, text)
        except Forbidden as error:
            log.error("I may not write in %d, where announcements are to be made: %s", channel_id, error.message)


def _has_arrived_nowhere(error: NetworkError) -> bool:
    """Whether Telegram could not be reached or was ill. What has only timed out may have arrived all the same."""
    if isinstance(error, BadRequest):
        return False
    return error.__cause__ is None or isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)


def warn_of_privacy_mode(bot: Bot) -> None:
    """Say once, at the start, why messages in groups would not count."""
    if not bot.bot.can_read_all_group_messages:
        log.warning(
            "privacy mode is on: messages in groups reach the bot only where it is an administrator, and earn no XP "
            "elsewhere. To change that: @BotFather, /setprivacy, Disable; then add the bot to its groups anew."
        )


async def follow_membership(update: Update) -> None:
    """Say in a group that the bot was added to whether its messages count, and in the log what its id is."""
    change = update.my_chat_member
    if change is None or change.chat.type == ChatType.PRIVATE:
        return
    was_here, is_here = change.old_chat_member.status in _HERE, change.new_chat_member.status in _HERE
    if not is_here or was_here:
        return
    log.info("added to the %s %d", change.chat.type, change.chat.id)
    if change.chat.type != ChatType.CHANNEL:
        bot = change.get_bot()
        sees_all = bot.bot.can_read_all_group_messages or change.new_chat_member.status == ChatMember.ADMINISTRATOR
        w = Writer(choose_language(None, change.from_user.language_code), HTML)
        await bot.send_message(change.chat.id, _hello(w, bool(sees_all)), parse_mode=ParseMode.HTML)


def _hello(w: Writer, sees_all: bool) -> Safe:
    if sees_all:
        return w.say("Hello! Messages here earn XP. See /help.")
    return w.say(
        "I see only commands here, so messages earn no XP: my privacy mode is on. To change that, make me an "
        "administrator of this group, or switch privacy mode off in BotFather and add me again."
    )
