"""What the bot says of its own accord."""

from __future__ import annotations

import logging

from telegram import Bot, ChatMember, Update
from telegram.constants import ChatType, ParseMode
from telegram.error import BadRequest, Forbidden

from .. import models
from ..async_client import AsyncClient
from ..bots.announcer import announcement_text
from ..bots.refusals import is_outage
from ..bots.writer import HTML, Safe, Writer, choose_language

__all__ = ["Herald", "announce", "follow_membership", "warn_of_privacy_mode"]

log = logging.getLogger("ttfd.telegram")

_HERE = {ChatMember.MEMBER, ChatMember.RESTRICTED, ChatMember.ADMINISTRATOR, ChatMember.OWNER}


async def announce(bot: Bot, client: AsyncClient, external_id: str, text: Safe) -> bool:
    """Tell a member something in the private chat; the text is in Telegram's HTML (see ``ttfd.bots.writer.HTML``).

    Whoever has blocked the bot, or never wrote to it, gets no announcements any more.

    Returns:
        whether it has arrived. Raises telegram.error.TelegramError when it may arrive later.
    """
    try:
        await bot.send_message(int(external_id), text, parse_mode=ParseMode.HTML)
    except (Forbidden, BadRequest) as error:
        if isinstance(error, BadRequest) and "chat not found" not in error.message.lower():
            raise
        await client.set_announcements("telegram", external_id, "off")
        return False
    return True


class Herald:
    """Sends announcements: to the member's own chat, or into the group that was chosen for them.

    Parameters:
        channel_id: of that group or channel; without one, members are told privately, and the community is not.
        language: of what is said there.
    """

    def __init__(self, bot: Bot, client: AsyncClient, channel_id: int | None = None, language: str = "ru") -> None:
        self._bot = bot
        self._client = client
        self._channel_id = channel_id
        self._language = language

    async def deliver(self, told: models.Announcement) -> None:
        """For an ``Announcer``. Raises telegram.error.TelegramError when it may arrive later."""
        if told.place == "public" and self._channel_id is not None:
            text = announcement_text(Writer(self._language, HTML), told, is_public=True)
            if text is not None:
                await self._bot.send_message(self._channel_id, text, parse_mode=ParseMode.HTML)
        elif told.external_id is not None:
            text = announcement_text(Writer(choose_language(told.language, None), HTML), told)
            if text is not None:
                await announce(self._bot, self._client, told.external_id, text)


def warn_of_privacy_mode(bot: Bot) -> None:
    """Say once, at the start, why messages in groups would not count."""
    if not bot.bot.can_read_all_group_messages:
        log.warning(
            "privacy mode is on: messages in groups reach the bot only where it is an administrator, and earn no XP "
            "elsewhere. To change that: @BotFather, /setprivacy, Disable; then add the bot to its groups anew."
        )


async def follow_membership(update: Update, client: AsyncClient) -> None:
    """The bot was added to a group, or blocked by a member."""
    change = update.my_chat_member
    if change is None:
        return
    was_here, is_here = change.old_chat_member.status in _HERE, change.new_chat_member.status in _HERE
    if change.chat.type == ChatType.PRIVATE:
        if not is_here:
            await _mute(client, str(change.from_user.id))
    elif change.chat.type != ChatType.CHANNEL and is_here and not was_here:
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


async def _mute(client: AsyncClient, external_id: str) -> None:
    """Nothing depends on it: the next announcement would find out, too."""
    try:
        await client.set_announcements("telegram", external_id, "off")
    except Exception as error:
        if not is_outage(error):
            raise
