"""Answers about the account and the progression: what the database said, as text for a member."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from .. import models
from ..names import marked
from . import words
from .writer import Safe, Writer

__all__ = [
    "achievements",
    "bought",
    "help_text",
    "history",
    "inventory",
    "leaderboard",
    "outcome",
    "profile",
    "season",
    "shop",
    "transferred",
]

_SHOP_STATUS = {
    "too_expensive": marked("not enough coins"),
    "limit_reached": marked("you have it"),
    "sold_out": marked("sold out"),
}
_INVENTORY_STATUS = {"active": marked("active"), "waiting": marked("waiting"), "expired": marked("expired")}


def help_text(w: Writer, commands: Sequence[tuple[str, str]]) -> Safe:
    """What a bot can do: commands with what they do, as given."""
    lines = (Safe(f"/{w.escape(name)} — {w.say(text)}") for name, text in commands)
    return w.lines(w.bold(w.say("What I can do")), Safe(""), *lines)


def profile(w: Writer, member: models.Profile, position: models.Position | None = None) -> Safe:
    """A member's profile; nothing in it is private."""
    return w.lines(
        w.bold(w.name(member.user_id, member.display_name, member.username)),
        w.sentences((words.rank_title(w, member.rank_name), w.say("{xp} XP", xp=member.xp))),
        _progress(w, member),
        Safe(""),
        w.say("Coins: {coins}", coins=member.coins),
        None
        if position is None or position.position is None
        else w.say("Place: {place} of {total}", place=position.position, total=position.total),
        w.say("Messages: {messages}", messages=member.messages_sent),
        w.say("Voice: {time}", time=w.hours(member.total_voice_time)),
        w.say("Games: {games}, won: {won}", games=member.games_played, won=member.games_won),
        _streak(w, member.daily_streak),
        w.say("Accounts: {platforms}", platforms=words.platform_names(w, member.platforms)),
    )


def _progress(w: Writer, member: models.Profile) -> Safe:
    if member.next_rank_xp is None:
        return w.say("The top rank!")
    left = w.say("{left} XP to the next rank", left=member.next_rank_xp - member.xp)
    return Safe(f"{w.bar(member.xp - member.rank_xp, member.next_rank_xp - member.rank_xp)} {left}")


def _streak(w: Writer, days: int) -> Safe:
    return w.plural("Daily streak: {count} day", "Daily streak: {count} days", days)


def outcome(w: Writer, title: str, granted: models.EventOutcome | models.GameOutcome) -> Safe:
    """What an event has granted, under a title of the catalogue."""
    reason = None if not granted.note else Safe(f"({words.note(w, granted.note)})")
    gained = [_gain(w, "XP", granted.xp), _gain(w, "coins", granted.coins)]
    return w.lines(
        w.bold(w.say(title)),
        None if not any(gained) and reason is None else Safe(" ".join(filter(None, [w.sentences(gained), reason]))),
        w.say("Now: {xp} XP, coins: {coins}", xp=granted.total_xp, coins=granted.total_coins),
        w.say("A new rank! See /profile") if granted.rank_up else None,
    )


def _gain(w: Writer, unit: str, value: int | None) -> Safe | None:
    if not value:
        return None
    if unit == "XP":
        return w.say("{change} XP", change=w.change(value))
    return w.plural("{change} coin", "{change} coins", abs(value), change=w.change(value))


def leaderboard(
    w: Writer, metric: str, rows: Sequence[models.LeaderboardRow], own: models.Position | None = None
) -> Safe:
    """The best members by a metric, and where the member who asks stands."""
    if not rows:
        return w.say("Nobody is on the leaderboard yet.")
    places = (
        Safe(
            f"{row.position}. {w.name(row.user_id, row.display_name)} — {w.escape(words.amount(w, metric, row.value))}"
        )
        for row in rows
    )
    return w.lines(
        w.bold(w.say("Leaderboard: {metric}", metric=w.say(words.METRICS[metric]))),
        Safe(""),
        *places,
        None
        if own is None or own.position is None
        else w.say("You: place {place} of {total}", place=own.position, total=own.total),
    )


def season(
    w: Writer,
    current: models.Season | None,
    rows: Sequence[models.LeaderboardRow],
    own: models.Position | None,
    now: dt.datetime,
) -> Safe:
    """The season as it stands: its best members, and where the member who asks stands."""
    if current is None:
        return w.say("No season is running.")
    places = (
        w.say(
            "{place}. {name} — {xp} XP",
            place=str(row.position),
            name=w.name(row.user_id, row.display_name),
            xp=row.value,
        )
        for row in rows
    )
    return w.lines(
        w.bold(w.say("Season: {name}", name=current.name)),
        w.say("Ends in {time}", time=w.duration(current.ends_at - now)),
        Safe(""),
        *(places if rows else [w.say("Nobody has played in it yet.")]),
        None
        if own is None or own.position is None
        else w.say("You: place {place} with {xp} XP", place=own.position, xp=own.value),
    )


def achievements(w: Writer, rows: Sequence[models.Achievement]) -> Safe:
    """What is unlocked, and how far the rest is."""
    unlocked = sum(row.is_unlocked for row in rows)
    listed = sorted(rows, key=lambda row: not row.is_unlocked)
    return w.lines(
        w.bold(w.say("Achievements: {unlocked} of {total}", unlocked=unlocked, total=len(rows))),
        Safe(""),
        *(_achievement(w, row) for row in listed),
    )


def _achievement(w: Writer, row: models.Achievement) -> Safe:
    title, description = w.choose(row.title_ru, row.title_en), w.choose(row.description_ru, row.description_en)
    if row.is_unlocked:
        return Safe(f"✅ {w.bold(title)} — {w.escape(description)}")
    far = "" if row.value is None or row.metric == "season_place" else _so_far(w, row.metric, row.value, row.threshold)
    return Safe(f"▫️ {w.escape(title)} — {w.escape(description)}{far}")


def _so_far(w: Writer, metric: str, value: int, threshold: int) -> str:
    reached = words.amount(w, metric, min(value, threshold))
    return w.escape(f" ({reached} / {words.amount(w, metric, threshold)})")


def shop(w: Writer, items: Sequence[models.ShopItem], coins: int) -> Safe:
    """What is on sale, for a member with so many coins."""
    if not items:
        return w.say("The shop is empty.")
    listed = (line for item in items for line in _item(w, item))
    return w.lines(w.bold(w.say("Shop")), w.say("Your coins: {coins}", coins=coins), Safe(""), *listed)


def _item(w: Writer, item: models.ShopItem) -> tuple[Safe, Safe | None]:
    title, description = w.choose(item.title_ru, item.title_en), w.choose(item.description_ru, item.description_en)
    status = _SHOP_STATUS.get(item.status)
    price = w.plural("{count} coin", "{count} coins", item.price)
    hint = f" ({w.say(status)})" if status else ""
    return Safe(f"{w.bold(title)} — {price}{hint}"), w.escape(description) if description else None


def bought(w: Writer, item: models.ShopItem, granted: models.EventOutcome) -> Safe:
    """What a purchase has cost."""
    title = w.choose(item.title_ru, item.title_en)
    return w.lines(
        w.say("Bought: {title}", title=w.bold(title)),
        w.say("Coins left: {coins}", coins=granted.total_coins),
    )


def inventory(w: Writer, items: Sequence[models.InventoryItem]) -> Safe:
    """What a member has bought."""
    if not items:
        return w.say("You have bought nothing yet. See /shop")
    return w.lines(w.bold(w.say("Inventory")), Safe(""), *(_owned(w, item) for item in items))


def _owned(w: Writer, item: models.InventoryItem) -> Safe:
    title = w.bold(w.choose(item.title_ru, item.title_en))
    status = w.say(_INVENTORY_STATUS.get(item.status, item.status))
    if item.expires_at is None or item.status == "expired":
        return Safe(f"{title} — {status}")
    until = w.say("until {date}", date=w.date(item.expires_at))
    return Safe(f"{title} — {status}, {until}")


def history(w: Writer, rows: Sequence[models.HistoryRow]) -> Safe:
    """A member's ledger, newest first. Private."""
    if not rows:
        return w.say("Nothing has happened yet.")
    return w.lines(w.bold(w.say("History")), Safe(""), *(_entry(w, row) for row in rows))


def _entry(w: Writer, row: models.HistoryRow) -> Safe:
    gained = w.sentences((_gain(w, "XP", row.xp), _gain(w, "coins", row.coins)))
    reason = f" ({words.note(w, row.note)})" if row.note else ""
    return Safe(
        f"{w.escape(w.date(row.occurred_at))} {words.event_name(w, row.event_type)}"
        f"{': ' + gained if gained else ''}{reason}"
    )


def transferred(w: Writer, coins: int, name: Safe, granted: models.EventOutcome) -> Safe:
    """What a transfer has cost, any fee included."""
    fee = -(granted.coins or 0) - coins
    return w.lines(
        w.plural("{count} coin sent to {name}.", "{count} coins sent to {name}.", coins, name=name),
        w.plural("Fee: {count} coin", "Fee: {count} coins", fee) if fee > 0 else None,
        w.say("Coins left: {coins}", coins=granted.total_coins),
    )
