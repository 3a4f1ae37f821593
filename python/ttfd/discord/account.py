"""Commands about the account and the progression."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
from collections.abc import Iterable

import discord

from ..bots import replies
from ..bots.cards import draw_rank_card
from ..bots.words import ANNOUNCED
from ..errors import UserNotFoundError
from .talk import PLATFORM, Talk

__all__ = [
    "achievements",
    "help_",
    "history",
    "profile",
    "rank",
    "season",
    "set_announcements",
    "set_language",
    "top",
]

Somebody = discord.User | discord.Member | None

_PLACES = 10
_HISTORY_ROWS = 15
_AVATAR_PIXELS = 256
_AVATAR_SECONDS = 3.0


async def help_(talk: Talk, commands: Iterable[tuple[str, str]]) -> None:
    await talk.answer(replies.help_text(talk.writer, list(commands)))


async def profile(talk: Talk, somebody: Somebody) -> None:
    user_id = await _find(talk, somebody)
    member = await talk.client.get_profile(user_id)
    await talk.answer(replies.profile(talk.writer, member, await talk.client.get_position(user_id)))


async def rank(talk: Talk, somebody: Somebody) -> None:
    """The rank card; the same in words where it cannot be drawn."""
    user_id = await _find(talk, somebody)
    member = await talk.client.get_profile(user_id)
    position = await talk.client.get_position(user_id)
    text = replies.profile(talk.writer, member, position)
    avatar = await _avatar(somebody or talk.user)
    card = await draw_rank_card(member, position.position, talk.writer.language, avatar)
    if card is None:
        await talk.answer(text)
    else:
        name = talk.writer.name(user_id, member.display_name, member.username)
        await talk.answer(
            talk.writer.bold(name), file=discord.File(io.BytesIO(card), "rank.png", description=text[:1000])
        )


async def _find(talk: Talk, somebody: Somebody) -> int:
    """Oneself is created at first contact; others have to be there."""
    if somebody is None or somebody.id == talk.user.id:
        return (await talk.member()).user_id
    user = await talk.client.find_user(PLATFORM, str(somebody.id))
    if user is None:
        raise UserNotFoundError("not on this platform")
    return user.user_id


async def _avatar(user: discord.User | discord.Member) -> bytes | None:
    try:
        async with asyncio.timeout(_AVATAR_SECONDS):
            return await user.display_avatar.replace(size=_AVATAR_PIXELS, static_format="png").read()
    except (discord.DiscordException, OSError, TimeoutError):
        return None


async def top(talk: Talk, metric: str) -> None:
    contact = await talk.member()
    rows = await talk.client.list_leaderboard(metric, _PLACES)
    await talk.answer(
        replies.leaderboard(talk.writer, metric, rows, await talk.client.get_position(contact.user_id, metric))
    )


async def season(talk: Talk) -> None:
    contact = await talk.member()
    current = next((row for row in await talk.client.list_seasons() if row.status == "running"), None)
    best = await talk.client.list_leaderboard("season", _PLACES)
    own = await talk.client.get_position(contact.user_id, "season")
    await talk.answer(replies.season(talk.writer, current, best, own, dt.datetime.now(dt.UTC)))


async def achievements(talk: Talk) -> None:
    contact = await talk.member()
    await talk.answer(replies.achievements(talk.writer, await talk.client.list_achievements(contact.user_id)))


async def history(talk: Talk, before: int | None) -> None:
    """Private. A page begins below a position, which is the button's."""
    contact = await talk.member()
    rows = await talk.client.list_history(contact.user_id, before, _HISTORY_ROWS)
    older = [talk.button(talk.writer.say("Older"), "history", rows[-1].position)] if len(rows) == _HISTORY_ROWS else []
    await talk.answer(replies.history(talk.writer, rows), older)


async def set_language(talk: Talk, language: str) -> None:
    await talk.member()
    await talk.client.set_language(PLATFORM, talk.external_id, language)
    talk.writer = talk.writer.in_language(language)
    await talk.answer(talk.writer.say("I speak English from now on."))


async def set_announcements(talk: Talk, place: str) -> None:
    await talk.member()
    chosen = await talk.client.set_announcements(PLATFORM, talk.external_id, place)
    await talk.answer(talk.writer.say(ANNOUNCED[chosen.announcements]))
