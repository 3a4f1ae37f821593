"""Commands about the account and the progression."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Iterable

from telegram.error import TelegramError

from .. import models
from ..bots import refusals, replies
from ..bots.cards import draw_rank_card
from ..bots.commands import COMMANDS
from ..bots.words import ANNOUNCED, METRICS, PLACES
from ..bots.writer import LANGUAGES, Writer
from ..names import marked
from .talk import Button, Talk

__all__ = [
    "HELP",
    "achievements",
    "announcements",
    "buy",
    "daily",
    "help_",
    "history",
    "language",
    "leaderboard",
    "offered",
    "profile",
    "rank",
    "season",
    "set_announcements",
    "set_language",
    "shop",
]

HELP = (
    *("profile", "rank", "daily", "leaderboard", "season", "achievements", "shop", "history"),
    *("guess", "quiz", "spin", "link", "unlink", "login", "language", "announcements", "help"),
)
"""Commands to list, in this order; see ``offered``."""

_PLACES = 10
_HISTORY_ROWS = 15
_SHORT_NAME = 24
_AVATAR_SECONDS = 5.0


def offered(commands: Iterable[str], site_url: str | None) -> list[str]:
    """Those of a bot's commands to list: without a website there is nowhere to log in."""
    there = set(commands)
    return [name for name in HELP if name in there and (site_url or name != "login")]


async def help_(talk: Talk) -> None:
    listed = [(name, COMMANDS[name]) for name in offered(talk.setup.commands, talk.setup.site_url)]
    await talk.answer(replies.help_text(talk.writer, listed))


async def profile(talk: Talk) -> None:
    contact = await talk.member()
    member = await talk.client.get_profile(contact.user_id)
    position = await talk.client.get_position(contact.user_id)
    button = Button(talk.writer.say("Leaderboard"), ("top", "xp"))
    await talk.answer(replies.profile(talk.writer, member, position), [[button]])


async def rank(talk: Talk) -> None:
    """The rank card, with the same in words beneath; in words alone where it cannot be drawn or sent."""
    contact = await talk.member()
    member = await talk.client.get_profile(contact.user_id)
    position = await talk.client.get_position(contact.user_id)
    text = replies.profile(talk.writer, member, position)
    card = await draw_rank_card(member, position.position, talk.writer.language, await _avatar(talk))
    if card is None or not await talk.answer_picture(card, text):
        await talk.answer(text)


async def _avatar(talk: Talk) -> bytes | None:
    try:
        async with asyncio.timeout(_AVATAR_SECONDS):
            photos = await talk.user.get_profile_photos(limit=1)
            if photos is None or not photos.photos:
                return None
            sizes = photos.photos[0]
            file = await sizes[min(1, len(sizes) - 1)].get_file()  # the second is large enough for the card
            return bytes(await file.download_as_bytearray())
    except (TelegramError, TimeoutError):
        return None


async def daily(talk: Talk) -> None:
    await talk.member()
    outcome = await talk.client.claim_daily(talk.update_event_id, "telegram", talk.external_id)
    await talk.answer(replies.outcome(talk.writer, marked("Daily reward"), outcome))


async def leaderboard(talk: Talk) -> None:
    metric = talk.args[0].lower() if talk.args else "xp"
    if metric not in METRICS:
        await talk.refuse(refusals.wrong_arguments(talk.writer, f"/leaderboard {'|'.join(METRICS)}"))
        return
    contact = await talk.member()
    rows = await talk.client.list_leaderboard(metric, _PLACES)
    own = await talk.client.get_position(contact.user_id, metric)
    others = [Button(talk.writer.say(METRICS[name]), ("top", name)) for name in METRICS if name != metric]
    await talk.answer(replies.leaderboard(talk.writer, metric, rows, own), [others[:3], others[3:]])


async def season(talk: Talk) -> None:
    contact = await talk.member()
    current = next((row for row in await talk.client.list_seasons() if row.status == "running"), None)
    best = await talk.client.list_leaderboard("season", _PLACES)
    own = await talk.client.get_position(contact.user_id, "season")
    await talk.answer(replies.season(talk.writer, current, best, own, dt.datetime.now(dt.UTC)))


async def achievements(talk: Talk) -> None:
    contact = await talk.member()
    await talk.answer(replies.achievements(talk.writer, await talk.client.list_achievements(contact.user_id)))


async def history(talk: Talk) -> None:
    """Private. A page begins below a position, which is the button's."""
    contact = await talk.member()
    before = int(talk.args[0]) if talk.query else None
    rows = await talk.client.list_history(contact.user_id, before, _HISTORY_ROWS)
    older = [Button(talk.writer.say("Older"), ("history", rows[-1].position))] if len(rows) == _HISTORY_ROWS else []
    await talk.answer(replies.history(talk.writer, rows), [older])


# The shop


async def shop(talk: Talk) -> None:
    contact = await talk.member()
    items = await talk.client.list_shop(contact.user_id)
    coins = (await talk.client.get_profile(contact.user_id)).coins
    buttons = [[_buy_button(talk.writer, item)] for item in items if item.status == "available"]
    await talk.answer(replies.shop(talk.writer, items, coins), buttons)


def _buy_button(w: Writer, item: models.ShopItem) -> Button:
    return Button(f"{w.escape(w.choose(item.title_ru, item.title_en))} — {w.number(item.price)}", ("buy", _key(item)))


def _key(item: models.ShopItem) -> str:
    """A name that fits into a button, which holds 64 bytes."""
    digest = hashlib.sha256(item.item.encode()).hexdigest()
    return item.item if len(item.item) <= _SHORT_NAME else f"#{digest[:_SHORT_NAME]}"


async def buy(talk: Talk) -> None:
    """A message of the shop sells each button once: whoever presses twice does not want two."""
    contact = await talk.member()
    items = [item for item in await talk.client.list_shop(contact.user_id) if _key(item) == talk.args[0]]
    if not items:
        await talk.refuse(talk.writer.say("This is not on sale, or sold out."))
        return
    outcome = await talk.client.buy_item(talk.message_event_id, contact.user_id, items[0].item)
    await talk.answer(replies.bought(talk.writer, items[0], outcome))


# What the member prefers


async def language(talk: Talk) -> None:
    """Asks, or takes the language that is named at once."""
    if talk.args and talk.args[0].lower() in LANGUAGES:
        await set_language(talk)
        return
    buttons = [Button(name, ("language", code)) for code, name in LANGUAGES.items()]
    await talk.answer(talk.writer.say("Which language?"), [buttons])


async def set_language(talk: Talk) -> None:
    chosen = talk.args[0].lower()
    await talk.member()
    await talk.client.set_language("telegram", talk.external_id, chosen)
    talk.writer = talk.writer.in_language(chosen)
    await talk.answer(talk.writer.say("I speak English from now on."))


async def announcements(talk: Talk) -> None:
    preferences = await talk.client.get_preferences("telegram", talk.external_id)
    await _show_announcements(talk, preferences)


async def set_announcements(talk: Talk) -> None:
    await talk.member()
    await _show_announcements(talk, await talk.client.set_announcements("telegram", talk.external_id, talk.args[0]))


async def _show_announcements(talk: Talk, preferences: models.Preferences) -> None:
    w = talk.writer
    places = [place for place in ANNOUNCED if place != preferences.announcements]
    buttons = [
        [Button(w.say(PLACES[place]), ("announcements", place))]
        for place in places
        if talk.setup.has_channel or place != "public"
    ]
    await talk.answer(w.say(ANNOUNCED[preferences.announcements]), buttons)
