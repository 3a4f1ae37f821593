"""Russian and English: which one, and how names, numbers and reasons are said in it.

After a change of texts::

    pybabel extract -F babel.cfg -k marked --no-location -o /tmp/messages.pot . ../names.py
    pybabel update -i /tmp/messages.pot -d translations
    pybabel compile -d translations --statistics
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import TypeVar

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from babel.units import format_unit
from flask import g, request
from flask_babel import get_locale  # type: ignore[import-untyped]

from ..names import marked, shown_name
from . import words

__all__ = [
    "HELPERS",
    "LANGUAGES",
    "LANGUAGE_COOKIE",
    "current_language",
    "marked",
    "select_language",
    "translated",
]

LANGUAGES = {"ru": "Русский", "en": "English"}
LANGUAGE_COOKIE = "ttfd_lang"
_KEPT = 8192  # formatted values: Babel takes a tenth of a millisecond for a date, and a page has a hundred of them

T = TypeVar("T")


def current_language() -> str:
    """The locale that the visitor is spoken to in; asked of Flask-Babel once a request."""
    if "ttfd_language" not in g:
        g.ttfd_language = str(get_locale())
    return g.ttfd_language  # type: ignore[no-any-return]


@cache
def _catalogue(locale: str) -> NullTranslations:
    return Translations.load(Path(__file__).parent / "translations", [locale])


def translated(text: str, **values: object) -> str:
    """A marked text in the visitor's language."""
    said = str(_catalogue(current_language()).gettext(text))
    return said % values if values else said


def counted(one: str, many: str, number: int, **values: object) -> str:
    """A text with a number of things in it, in the visitor's language."""
    return str(_catalogue(current_language()).ngettext(one, many, number)) % values


def select_language() -> str:
    """``?lang=`` or else the cookie or else what the browser prefers; English when it says nothing we know."""
    for chosen in (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return request.accept_languages.best_match(LANGUAGES) or "en"


def _kept(function: Callable[[T, str], str]) -> Callable[[T], str]:
    """Keep what a value was formatted to, by language."""
    remembered = lru_cache(_KEPT, typed=True)(function)

    @wraps(function)
    def formatted(value: T) -> str:
        return remembered(value, current_language())

    return formatted


@_kept
def number(value: float, locale: str) -> str:
    """A number, grouped."""
    return format_decimal(value, locale=locale)


def change(value: int) -> str:
    """A granted amount with its sign."""
    return ("+" if value > 0 else "−" if value < 0 else "") + number(abs(value))


@_kept
def hours(seconds: int, locale: str) -> str:
    """Seconds as hours with one decimal."""
    return format_unit(seconds / 3600, "hour", "short", format="#,##0.#", locale=locale)


def amount(metric: str, value: int) -> str:
    """The value of a leaderboard metric."""
    return hours(value) if metric == "voice" else number(value)


@_kept
def moment(value: dt.datetime, locale: str) -> str:
    """A date and time in UTC; the script shows the visitor's own zone."""
    return f"{format_datetime(value, 'medium', tzinfo=dt.UTC, locale=locale)} UTC"


@_kept
def day(value: dt.date, locale: str) -> str:
    """A date."""
    return format_date(value, "medium", locale=locale)


@_kept
def duration(seconds: float, locale: str) -> str:
    """A number of seconds, roughly."""
    return format_timedelta(dt.timedelta(seconds=seconds), locale=locale)


def event_name(event_type: str) -> str:
    """What an event is called; a type that is not known here is shown by its own name."""
    known = words.EVENTS.get(event_type)
    return translated(known) if known else event_type.replace("_", " ").capitalize()


def reason(note: str) -> str:
    """Why an event was not granted more, or why more than usual: several reasons are separated by commas."""
    return ", ".join(_reason(part) for part in note.split(", "))


def _reason(part: str) -> str:
    if known := words.NOTES.get(part):
        return translated(known)
    if part.startswith("boost "):
        return translated(marked("boost %(factor)s"), factor=part.removeprefix("boost "))
    return part.replace("_", " ")


def platform_name(platform: str) -> str:
    """What a platform is called."""
    return translated(words.PLATFORMS.get(platform, platform.capitalize()))


def rank_title(name: str) -> str:
    """A rank with the word for it."""
    return translated(marked("Rank %(name)s"), name=name)


def member_name(user_id: int, *names: str | None) -> str:
    """The first name that may be shown, or else the member's number."""
    return shown_name(*names) or translated(marked("Member %(id)s"), id=user_id)


def of_both(row: object, what: str) -> str:
    """A text that the database has in both languages: ``title`` or ``description`` of an item or achievement."""
    return str(getattr(row, f"{what}_{'ru' if current_language().startswith('ru') else 'en'}"))


def season_status(status: str) -> str:
    """Where a season stands."""
    return translated(words.SEASONS[status])


def conflict_reason(name: str) -> str:
    """Why an import asks a person, or refused a record."""
    known = words.CONFLICTS.get(name)
    return translated(known) if known else name.replace("_", " ")


def rule_field(name: str) -> str:
    """What a column of a rule is called."""
    return translated(words.RULE_FIELDS[name])


def setting_text(name: str, description: str) -> str:
    """What a setting is for; in the database's own words where it is not known here."""
    known = words.SETTINGS.get(name)
    return translated(known) if known else description


def violation(kind: str) -> str:
    """What is not as it must be."""
    known = words.VIOLATIONS.get(kind)
    return translated(known) if known else kind.replace("_", " ")


def failure(sqlstate: str, message: str) -> str:
    """Why an event has failed; in the database's own words where they are not known here."""
    known = words.FAILURES.get(sqlstate)
    return translated(known) if known else message


def document(value: object) -> str:
    """JSON as people read it."""
    return json.dumps(value, ensure_ascii=False, indent=2)


HELPERS = {
    "_": translated,
    "ngettext": counted,
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
    "setting_text": setting_text,
    "violation": violation,
    "failure": failure,
    "document": document,
    "of_both": of_both,
    "duration": duration,
    "day": day,
    "current_language": current_language,
    "languages": LANGUAGES,
    "metrics": words.METRICS,
}
"""What templates may call."""
