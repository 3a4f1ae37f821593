"""What a line of the audit log tells, in words of the visitor's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..models import AuditLine
from . import words
from .language import event_name, marked, number, platform_name, translated

__all__ = ["Change", "action_name", "list_changes"]

_SUBJECTS = ("name", "user_id")  # told although they are as before: they say what the line is about
_ORDER = {key: place for place, key in enumerate(words.DETAILS)}
_MEMBERS = ("user_id", "into_id", "from_id")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was changed or done.

    Attributes:
        name: what it is called.
        before: what it was, in words or as a time; None where there was nothing, or it is as it was.
        after: what it is.
        user_id: the member that ``after`` is, for a link.
    """

    name: str
    before: str | dt.datetime | None
    after: str | dt.datetime
    user_id: int | None


def action_name(action: str) -> str:
    """What was done; an action that is not known here is shown by its own name."""
    known = words.ACTIONS.get(action)
    return translated(known) if known else action.replace("_", " ").capitalize()


def list_changes(line: AuditLine) -> list[Change]:
    """What differs before and after, and what it is about."""
    old, new = (_as_mapping(value) for value in (line.before, line.after))
    return [
        _change(line.action, key, old.get(key), new.get(key))
        for key in sorted({**old, **new}, key=lambda key: _ORDER.get(key, len(_ORDER)))
        if old.get(key) != new.get(key) or (key in _SUBJECTS and old.get(key) is not None)
    ]


def _as_mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {} if value is None else {"ranks": value}


def _change(action: str, key: str, before: Any, after: Any) -> Change:
    return Change(
        name=_detail_name(key),
        before=None if before is None or before == after else _value(action, key, before),
        after=_value(action, key, after),
        user_id=after if key in _MEMBERS and isinstance(after, int) else None,
    )


def _detail_name(key: str) -> str:
    known = words.DETAILS.get(key) or words.SETTINGS.get(key)
    return translated(known) if known else key.replace("_", " ").capitalize()


def _value(action: str, key: str, value: Any) -> str | dt.datetime:
    if key.endswith("_at") and isinstance(value, str):
        with suppress(ValueError):  # "infinity" is none
            return dt.datetime.fromisoformat(value)
    return _text(action, key, value)


def _text(action: str, key: str, value: Any) -> str:
    """A value as people write it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return translated(marked("yes") if value else marked("no"))
    if isinstance(value, list):
        return ", ".join(_text(action, key, part) for part in value) or "–"
    if isinstance(value, Mapping):
        return str(
            value.get("name") or ", ".join(f"{_detail_name(k)}: {_text(action, k, v)}" for k, v in value.items())
        )
    if isinstance(value, int | float):
        return str(value) if key == "id" or key.endswith("_id") else number(value)
    return _word(action, key, str(value))


def _word(action: str, key: str, text: str) -> str:
    if known := words.VALUES.get(key, {}).get(text):
        return translated(known)
    if key in ("platform", "platforms"):
        return platform_name(text)
    if key in ("event_type", "event_types") or (key == "name" and action.startswith("event_type_")):
        return event_name(text)
    return text
