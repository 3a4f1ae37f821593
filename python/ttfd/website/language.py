"""Russian and English: which one, and how names, numbers and reasons are said in it.

After a change of texts::

    pybabel extract -F babel.cfg -k marked --no-location -o /tmp/messages.pot .
    pybabel update -i /tmp/messages.pot -d translations
    pybabel compile -d translations --statistics
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from babel.units import format_unit
from flask import request
from flask_babel import (  # type: ignore[import-untyped]
    Domain,
    format_datetime,
    format_decimal,
    get_locale,
)

__all__ = ["HELPERS", "LANGUAGES", "LANGUAGE_COOKIE", "select_language"]

LANGUAGES = {"ru": "Русский", "en": "English"}
LANGUAGE_COOKIE = "ttfd_lang"


def marked(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


METRICS = {
    "xp": marked("XP"),
    "coins": marked("Coins"),
    "messages": marked("Messages"),
    "voice": marked("Voice"),
    "wins": marked("Wins"),
}

_EVENTS = {
    "message_sent": marked("Message"),
    "voice_time": marked("Time in voice"),
    "game_played": marked("Game"),
    "xp_change": marked("XP changed by an administrator"),
    "coins_change": marked("Coins changed by an administrator"),
    "rank_up": marked("New rank"),
    "opening_balance": marked("Opening balance"),
    "season_started": marked("Season started"),
    "season_closed": marked("Season closed"),
    "achievement_unlock": marked("Achievement"),
    "season_reward": marked("Season reward"),
    "daily_claim": marked("Daily reward"),
    "work": marked("Work"),
    "award": marked("Award"),
    "coins_spent": marked("Coins spent"),
    "transfer_sent": marked("Coins sent"),
    "transfer_received": marked("Coins received"),
    "purchase": marked("Purchase"),
    "adjustment": marked("Balance adjusted by an administrator"),
    "adjustment_reverted": marked("Adjustment taken back"),
    "account_linked": marked("Account linked"),
    "account_unlinked": marked("Account unlinked"),
    "accounts_merged": marked("Accounts merged"),
    "merge_undone": marked("Merge undone"),
    "account_forgotten": marked("Account forgotten"),
}

_NOTES = {
    "cooldown": marked("too soon after the last one"),
    "daily_cap": marked("the most for one day is reached"),
    "idle": marked("idle time does not count"),
    "disabled": marked("this earns nothing at present"),
}

_PLATFORMS = {"telegram": "Telegram", "discord": "Discord", "website": marked("Website")}

_TEXTS = Domain([str(Path(__file__).parent / "translations")])
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


def _translated(text: str, **values: object) -> str:
    return str(_TEXTS.gettext(text, **values))


def select_language() -> str:
    """``?lang=`` or else the cookie or else what the browser prefers; English when it says nothing we know."""
    for chosen in (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return request.accept_languages.best_match(LANGUAGES) or "en"


def number(value: int) -> str:
    """A whole number, grouped."""
    return str(format_decimal(value))


def change(value: int) -> str:
    """A granted amount with its sign."""
    return ("+" if value > 0 else "−" if value < 0 else "") + number(abs(value))


def hours(seconds: int) -> str:
    """Seconds as hours with one decimal."""
    return str(format_unit(seconds / 3600, "hour", "short", format="#,##0.#", locale=get_locale()))


def amount(metric: str, value: int) -> str:
    """The value of a leaderboard metric."""
    return hours(value) if metric == "voice" else number(value)


def moment(value: dt.datetime) -> str:
    """A date and time in UTC; the script shows the visitor's own zone."""
    return f"{format_datetime(value, 'medium')} UTC"


def event_name(event_type: str) -> str:
    """What an event is called; a type that is not known here is shown by its own name."""
    known = _EVENTS.get(event_type)
    return _translated(known) if known else event_type.replace("_", " ").capitalize()


def reason(note: str) -> str:
    """Why an event was not granted more."""
    known = _NOTES.get(note)
    return _translated(known) if known else note.replace("_", " ")


def platform_name(platform: str) -> str:
    """What a platform is called."""
    return _translated(_PLATFORMS.get(platform, platform.capitalize()))


def rank_title(name: str) -> str:
    """A rank with the word for it."""
    return _translated(marked("Rank %(name)s"), name=name)


def member_name(user_id: int, *names: str | None) -> str:
    """The first name that may be shown: none that is empty or an e-mail address."""
    for name in names:
        if name and name.strip() and not _EMAIL.fullmatch(name.strip()):
            return name
    return _translated(marked("Member %(id)s"), id=user_id)


HELPERS = {
    "_": _TEXTS.gettext,
    "ngettext": _TEXTS.ngettext,
    "number": number,
    "change": change,
    "hours": hours,
    "amount": amount,
    "moment": moment,
    "event_name": event_name,
    "reason": reason,
    "platform_name": platform_name,
    "rank_title": rank_title,
    "member_name": member_name,
    "current_language": lambda: str(get_locale()),
    "languages": LANGUAGES,
    "metrics": METRICS,
}
"""What templates may call."""
