"""What `ttfd import` says, in Russian and English."""

import gettext
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from ttfd.cli.language import system_language
from ttfd.names import marked

__all__ = ["COUNTS", "METRICS", "Texts"]

METRICS = {
    "xp": marked("XP"),
    "coins": marked("Coins"),
    "messages_sent": marked("Messages"),
    "total_voice_time": marked("Voice, s"),
}
COUNTS = {
    "accounts": marked("Platform accounts in the sources"),
    "users_created": marked("New members"),
    "users_joined": marked("Members who were here before"),
    "linked_by_id": marked("Linked by a stated id"),
    "linked_by_username": marked("Linked by an equal name"),
    "conflicts": marked("Conflicts, for a person to settle"),
    "rejected": marked("Rejected records"),
}

# What the database says, in its own words: see import_conflicts.reason and import_rows.reject_reason.
_CONFLICTS = {
    "links_contradict": marked("stated ids contradict each other"),
    "two_users": marked("two members bear this name"),
    "ambiguous_username": marked("several accounts bear this name"),
    "other_id_known": marked("equal name, but another id is known"),
    "malformed_link": marked("the stated id has the wrong form"),
    "amount_below_zero": marked("a balance would fall below zero"),
}
_REJECTIONS = (
    marked("the platform is unknown"),
    marked("the id is missing"),
    marked("the id has the wrong form: {}"),
    marked("{} is negative: {}"),
    marked("{} is too large: {}"),
    marked("{} is not a number: {}"),
    marked("{} is no time stamp: {}"),
    marked("a time lies in the future: {}"),
    marked("{} is no list: {}"),
    marked("the event id has the wrong form: {}"),
    marked("duplicate of {}, with other values"),
    marked("duplicate of {}"),
)


_JOINS = {"id": marked("a stated id"), "username": marked("an equal name")}


class Texts:
    """The texts of one language."""

    def __init__(self, language: str | None) -> None:
        self.language = language or system_language()
        folder = str(resources.files("ttfd") / "locale")
        catalogue = gettext.translation("cli", localedir=folder, languages=[self.language], fallback=True)
        self.gettext = catalogue.gettext
        self.ngettext = catalogue.ngettext

    def conflict(self, code: str) -> str:
        return self.gettext(_CONFLICTS.get(code, code))

    def join(self, code: str) -> str:
        return self.gettext(_JOINS.get(code, code))

    def rejection(self, reason: str) -> str:
        for template in _REJECTIONS:
            found = re.fullmatch(re.escape(template).replace(r"\{\}", "(.*)"), reason, re.DOTALL)
            if found:
                return self.gettext(template).format(*found.groups())
        return self.gettext(reason)

    def cell(self, value: object) -> str:
        """Return `value` for a table: numbers with separators, texts without control characters."""
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}".replace(",", self.gettext(","))
        return "" if value is None else printable(str(value))


def account(entry: Mapping[str, Any], prefix: str = "") -> str:
    return f"{entry[prefix + 'platform']} {entry[prefix + 'external_id']}"


def printable(text: str) -> str:
    """Disarm control characters: names come from strangers, and a terminal obeys them."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
