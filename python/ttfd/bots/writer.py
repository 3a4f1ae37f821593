"""How a text is written: in the member's language, in a platform's markup, with names escaped.

After a change of texts::

    pybabel extract -k say -k plural:1,2 -k marked --no-location -o bots.pot \\
        python/ttfd/{names.py,bots,telegram,discord}
    pybabel update -D bots -d python/ttfd/bots/locale -l ru -i bots.pot --no-fuzzy-matching --no-wrap
    pybabel compile -D bots -d python/ttfd/bots/locale
"""

from __future__ import annotations

import datetime as dt
import functools
import gettext
import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal
from babel.units import format_unit

from ..names import shown_name

__all__ = ["HTML", "LANGUAGES", "PLAIN", "Html", "Markup", "Plain", "Safe", "Writer", "choose_language"]

LANGUAGES = {"ru": "Русский", "en": "English"}

_LOCALE = Path(__file__).parent / "locale"
_BAR_CELLS = 10


class Safe(str):
    """Text in a platform's markup: what it took from members is escaped."""

    __slots__ = ()


class Markup(Protocol):
    """What a platform makes of emphasis, and what it has to escape."""

    def escape(self, text: str) -> str:
        """The text as it is, whatever the platform would make of it."""

    def bold(self, text: str) -> str:
        """Text in the platform's markup, emphasised."""

    def code(self, text: str) -> str:
        """Text in the platform's markup, to be copied."""

    def link(self, url: str) -> str:
        """An address as it is, to be opened; the platform shows nothing of what is there."""


class Plain:
    """No markup at all."""

    def escape(self, text: str) -> str:
        return text

    bold = code = link = escape


class Html:
    """The HTML that Telegram knows."""

    def escape(self, text: str) -> str:
        return html.escape(text, quote=False)

    def bold(self, text: str) -> str:
        return f"<b>{text}</b>"

    def code(self, text: str) -> str:
        return f"<code>{text}</code>"

    def link(self, url: str) -> str:
        return self.escape(url)


PLAIN = Plain()
HTML = Html()


def choose_language(chosen: str | None, platform_locale: str | None) -> str:
    """The language that was chosen, or else Russian where the platform says ``ru`` or ``ru-…``, or else English."""
    if chosen in LANGUAGES:
        return chosen
    return "ru" if re.match(r"ru\b", (platform_locale or "").replace("_", "-").lower()) else "en"


class Writer:
    """Writes in one language and one markup.

    In ``say`` and ``plural`` numbers are grouped and names escaped; what is ``Safe`` already stays as it is.
    """

    def __init__(self, language: str, markup: Markup = PLAIN) -> None:
        self.language = language
        self._markup = markup
        self._texts = _catalogue(language)

    def in_language(self, language: str) -> Writer:
        """A writer of another language in the same markup."""
        return Writer(language, self._markup)

    def say(self, text: str, **values: object) -> Safe:
        """A text of the catalogue with values in place of ``{names}``."""
        return self._fill(self._texts.gettext(text), values)

    def plural(self, singular: str, plural: str, count: int, **values: object) -> Safe:
        """A text that depends on a number, which is ``{count}`` in it."""
        return self._fill(self._texts.ngettext(singular, plural, count), {"count": count, **values})

    def escape(self, text: object) -> Safe:
        """A value as it may stand in a text."""
        if isinstance(text, Safe):
            return text
        return Safe(self._markup.escape(self.number(text) if isinstance(text, int) else str(text)))

    def bold(self, text: object) -> Safe:
        return Safe(self._markup.bold(self.escape(text)))

    def code(self, text: object) -> Safe:
        return Safe(self._markup.code(self.escape(text)))

    def link(self, url: str) -> Safe:
        return Safe(self._markup.link(url))

    def lines(self, *lines: Safe | None) -> Safe:
        """One below the other; None is left out."""
        return Safe("\n".join(line for line in lines if line is not None))

    def sentences(self, parts: Iterable[Safe | None]) -> Safe:
        """One beside the other; None is left out."""
        return Safe(" · ".join(part for part in parts if part is not None))

    def choose(self, russian: str, english: str) -> str:
        """A text that the database has in both languages."""
        return russian if self.language == "ru" else english

    def number(self, value: int) -> str:
        return format_decimal(value, locale=self.language)

    def change(self, value: int) -> str:
        """An amount with its sign."""
        return ("+" if value > 0 else "−" if value < 0 else "") + self.number(abs(value))

    def hours(self, seconds: int) -> str:
        """Time spent: in hours, or in minutes below one."""
        if seconds < 3600:
            return format_unit(seconds // 60, "minute", "short", locale=self.language)
        return format_unit(seconds / 3600, "hour", "short", format="#,##0.#", locale=self.language)

    def date(self, moment: dt.datetime) -> str:
        return format_date(moment, "medium", locale=self.language)

    def duration(self, length: dt.timedelta) -> str:
        """A length of time, rounded to days or its largest smaller unit: ``3 hours``."""
        if length >= dt.timedelta(days=2):
            return format_unit(round(length / dt.timedelta(days=1)), "day", locale=self.language)
        return format_timedelta(max(length, dt.timedelta(seconds=1)), threshold=1.5, locale=self.language)

    def bar(self, value: int, total: int) -> Safe:
        """How far, as a picture of text."""
        filled = 0 if total <= 0 else max(0, min(_BAR_CELLS, value * _BAR_CELLS // total))
        return Safe("▰" * filled + "▱" * (_BAR_CELLS - filled))

    def name(self, user_id: int, *names: str | None) -> Safe:
        """The first name that may be shown, or else the member's number."""
        return self.known_name(*names) or self.say("Member {user_id}", user_id=str(user_id))

    def known_name(self, *names: str | None) -> Safe | None:
        """The first name that may be shown, if any."""
        shown = shown_name(*names)
        return None if shown is None else self.escape(shown)

    def _fill(self, text: str, values: dict[str, object]) -> Safe:
        return Safe(text.format(**{name: self.escape(value) for name, value in values.items()}))


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("bots", _LOCALE, [language], fallback=True)
