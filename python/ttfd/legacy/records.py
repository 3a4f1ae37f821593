"""From a record as a program wrote it to the canonical one, as JSON text."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ttfd.legacy.preset import Part
from ttfd.names import marked

__all__ = ["Finisher", "renamer", "to_json"]

_MISSING: Final = object()
_SECONDS = {"milliseconds": 0.001, "minutes": 60, "hours": 3600}

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def renamer(fields: Mapping[str, tuple[str, ...]]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return a function that gives a record its canonical names; of several legacy ones the first not null counts."""
    single = [(canonical, names[0]) for canonical, names in fields.items() if len(names) == 1 and "." not in names[0]]
    plain = {canonical for canonical, _ in single}
    several = {canonical: names for canonical, names in fields.items() if canonical not in plain}

    def rename(legacy: Mapping[str, Any]) -> dict[str, Any]:
        record = {canonical: legacy[name] for canonical, name in single if name in legacy}
        for canonical, names in several.items():
            present = [value for name in names if (value := _find(legacy, name)) is not _MISSING]
            if present:
                record[canonical] = next((value for value in present if value is not None), None)
        return record

    return rename


def _find(legacy: Mapping[str, Any], name: str) -> Any:
    if name in legacy:
        return legacy[name]
    found: Any = legacy
    for step in name.split("."):
        if not isinstance(found, dict) or step not in found:
            return _MISSING
        found = found[step]
    return found


class Finisher:
    """What is left to do with a renamed record: units, its platform, the form of its id.

    Attributes:
        is_idle: whether there is nothing to do, so that a record that is text already can stay as it is.
    """

    def __init__(self, part: Part) -> None:
        self._platform = part.platform
        self._units = part.units
        self._id_pattern = re.compile(part.id_pattern) if part.id_pattern else None
        self.is_idle = not (part.units or part.id_pattern or "platform" in part.fields)

    def finish(self, record: dict[str, Any]) -> tuple[str, str | None, str | None]:
        """Return the platform, and the record as text or the reason why there is none."""
        platform = str(record.pop("platform", None) or self._platform)
        for canonical, unit in self._units.items():
            if record.get(canonical) is not None:
                record[canonical] = _convert(record[canonical], unit)
        external_id = record.get("external_id")
        if self._id_pattern and external_id is not None and not self._id_pattern.fullmatch(str(external_id).strip()):
            return platform, None, f"the id has the wrong form: {str(external_id)[:60]}".replace("\0", "\ufffd")
        return platform, *to_json(record)


def _convert(value: Any, unit: str) -> Any:
    """Return `value` in seconds, or as a time stamp; what cannot be converted stays for the database to reject."""
    try:
        if unit in _SECONDS:
            return float(value) * _SECONDS[unit]
        moment = float(value) / (1000 if unit == "unix_milliseconds" else 1)
        return datetime.fromtimestamp(moment, UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return str(value)


def to_json(record: dict[str, Any]) -> tuple[str | None, str | None]:
    """Serialise `record`, or say why jsonb cannot hold it."""
    try:
        text = _ENCODER.encode(record)
        text.encode()
    except UnicodeEncodeError:
        return None, marked("a text is not valid Unicode")
    except ValueError:
        return None, marked("a number is not finite")
    except TypeError:
        return None, marked("a value is binary")
    if "\\u0000" in text and _NUL.search(text):
        return None, marked("a text holds a NUL character")
    return text, None
