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
    format_date,
    format_datetime,
    format_decimal,
    format_timedelta,
    get_locale,
)

__all__ = ["HELPERS", "LANGUAGES", "LANGUAGE_COOKIE", "marked", "select_language", "translated"]

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
    "games": marked("Games"),
    "wins": marked("Wins"),
    "season": marked("Season"),
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

_SEASONS = {
    "planned": marked("planned"),
    "running": marked("running"),
    "ended": marked("ended, not settled yet"),
    "closed": marked("closed"),
}

_CONFLICTS = {
    "links_contradict": marked("its links contradict each other"),
    "two_users": marked("two members claim it"),
    "ambiguous_username": marked("several have this name"),
    "other_id_known": marked("another account of it is known"),
    "malformed_link": marked("its link cannot be read"),
    "amount_below_zero": marked("an amount is below zero"),
}

_RULE_FIELDS = {
    "xp": marked("XP"),
    "coins": marked("Coins"),
    "per_seconds": marked("For so many seconds"),
    "max_seconds": marked("Longest session, seconds"),
    "cooldown_seconds": marked("Once in so many seconds"),
    "daily_xp_cap": marked("Most XP a day"),
    "stated_xp_max": marked("Most XP that a bot may state"),
    "stated_coins_max": marked("Most coins that a bot may state"),
}

_PLATFORMS = {"telegram": "Telegram", "discord": "Discord", "website": marked("Website")}

_TEXTS = Domain([str(Path(__file__).parent / "translations")])
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


def translated(text: str, **values: object) -> str:
    """A marked text in the visitor's language."""
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
    return translated(known) if known else event_type.replace("_", " ").capitalize()


def reason(note: str) -> str:
    """Why an event was not granted more."""
    known = _NOTES.get(note)
    return translated(known) if known else note.replace("_", " ")


def platform_name(platform: str) -> str:
    """What a platform is called."""
    return translated(_PLATFORMS.get(platform, platform.capitalize()))


def rank_title(name: str) -> str:
    """A rank with the word for it."""
    return translated(marked("Rank %(name)s"), name=name)


def member_name(user_id: int, *names: str | None) -> str:
    """The first name that may be shown: none that is empty or an e-mail address."""
    for name in names:
        if name and name.strip() and not _EMAIL.fullmatch(name.strip()):
            return name
    return translated(marked("Member %(id)s"), id=user_id)


def of_both(row: object, what: str) -> str:
    """A text that the database has in both languages: ``title`` or ``description`` of an item or achievement."""
    return str(getattr(row, f"{what}_{'ru' if str(get_locale()).startswith('ru') else 'en'}"))


def duration(seconds: float) -> str:
    """A number of seconds, roughly."""
    return str(format_timedelta(dt.timedelta(seconds=seconds)))


def day(value: dt.date) -> str:
    """A date."""
    return str(format_date(value, "medium", rebase=False))


def season_status(status: str) -> str:
    """Where a season stands."""
    return translated(_SEASONS[status])


def conflict_reason(name: str) -> str:
    """Why an import asks a person, or refused a record."""
    known = _CONFLICTS.get(name)
    return translated(known) if known else name.replace("_", " ")


def rule_field(name: str) -> str:
    """What a column of a rule is called."""
    return translated(_RULE_FIELDS[name])


def changed(before: object, after: object) -> list[tuple[str, str]]:
    """What a line of the audit log says: the keys that differ, with what was and what is."""
    old, new = (value if isinstance(value, dict) else {} for value in (before, after))
    return [
        (key, f"{old[key]} → {new.get(key)}" if key in old else str(new.get(key)))
        for key in {**old, **new}
        if old.get(key) != new.get(key)
    ]


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
    "season_status": season_status,
    "conflict_reason": conflict_reason,
    "rule_field": rule_field,
    "changed": changed,
    "of_both": of_both,
    "duration": duration,
    "day": day,
    "current_language": lambda: str(get_locale()),
    "languages": LANGUAGES,
    "metrics": METRICS,
}
"""What templates may call."""
