"""Presets and mapping files: where a program keeps what."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from importlib import resources
from pathlib import Path
from typing import Any

from ttfd.legacy.errors import BadMappingError, UnknownPresetError

_FOLDER = resources.files("ttfd.legacy") / "presets"

READERS = ("csv", "json", "postgres", "sqlite")
UNITS = ("milliseconds", "minutes", "hours", "unix", "unix_milliseconds")

CANONICAL = (
    *("external_id", "platform", "username", "display_name", "telegram_id", "discord_id", "website_email"),
    *("xp", "coins", "games_played", "games_won", "total_voice_time", "messages_sent", "daily_streak", "achievements"),
    *("last_daily", "created_at", "last_active", "event_id", "event_type"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One list of records of a source; an account stands in it at most once.

    Attributes:
        name: what `import_rows.part` gets.
        fields: canonical name to the legacy names that may hold it; the first one that is not null counts. In JSON a
            name with dots leads into an object.
        platform: whose id `external_id` is; the field `platform` of a record, where it has one, says otherwise.
        units: canonical name to the unit of its legacy values, where that is not seconds or a time stamp.
        id_pattern: regular expression that the ids have to match, beside that of the platform.
        optional: whether the source may lack it.
        file, path: JSON: which of the files, and the way to the records in it.
        keyed_by_id: JSON: whether the key of a record is its external id.
        foreign: JSON: names that give away a file of another kind.
        table: databases: the table.
        query: databases: a statement to read instead, where the columns of the table do not suffice.
        key: databases, CSV: the column that tells people which record it is.
        delimiter, encoding: CSV.
    """

    name: str
    fields: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]
    platform: str = ""
    id_pattern: str = ""
    optional: bool = False
    file: int = 0
    path: tuple[str, ...] = ()
    keyed_by_id: bool = False
    foreign: tuple[str, ...] = ()
    table: str = ""
    query: str = ""
    key: str = ""
    delimiter: str = ","
    encoding: str = "utf-8-sig"


@dataclass(frozen=True, slots=True)
class Preset:
    """A legacy format: which program wrote it, how to read it, and the zone of its naive time stamps."""

    name: str
    reader: str
    origin: str
    time_zone: str
    parts: tuple[Part, ...]


def preset_names() -> list[str]:
    """Return the names of all presets, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in _FOLDER.iterdir())


def load_preset(name: str) -> Preset:
    """Read the preset `name`, or the mapping file of that path if it ends in .toml.

    Raises:
        UnknownPresetError: there is none of this name.
        BadMappingError: the mapping file cannot be read, or says what no mapping file may.
    """
    if name.endswith(".toml"):
        return _load(Path(name).stem, name, _read_mapping(name))
    known = preset_names()
    if name not in known:
        shown = name if re.fullmatch(r"[\w-]+", name) else "…"  # it may be an address, given without a preset
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise UnknownPresetError(preset=shown, nearest=nearest, known=", ".join(known))
    return _load(name, name, (_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _read_mapping(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise BadMappingError(path=name, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise BadMappingError(path=name, reason="not UTF-8") from None


def _load(name: str, path: str, text: str) -> Preset:
    try:
        document = tomllib.loads(text)
        parts = tuple(_part(entry) for entry in document.pop("parts"))
        document.setdefault("time_zone", "UTC")
        preset = Preset(name=name, parts=parts, **document)
        _check(preset)
    except tomllib.TOMLDecodeError as error:
        raise BadMappingError(path=path, reason=str(error)) from None
    except KeyError as error:
        raise BadMappingError(path=path, reason=f"{error.args[0]} is missing") from None
    except (TypeError, ValueError, re.error) as error:
        raise BadMappingError(path=path, reason=str(error).rpartition("__init__() ")[2]) from None
    return preset


def _part(entry: dict[str, Any]) -> Part:
    fields: dict[str, tuple[str, ...]] = {}
    units: dict[str, str] = {}
    for canonical, legacy in entry.pop("fields").items():
        source = legacy
        if isinstance(legacy, dict):
            source = legacy["from"]
            units[canonical] = legacy["unit"]
        fields[canonical] = (source,) if isinstance(source, str) else tuple(source)
    if unknown := set(entry) - {field.name for field in dataclass_fields(Part)}:
        raise ValueError(f"parts have no {', '.join(sorted(unknown))}")
    path, foreign = (tuple(entry.pop(name, ())) for name in ("path", "foreign"))
    entry.setdefault("name", entry.get("table") or "users")
    return Part(fields=fields, units=units, path=path, foreign=foreign, **entry)


def _check(preset: Preset) -> None:
    if preset.reader not in READERS:
        raise ValueError(f"reader is none of {', '.join(READERS)}")
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", preset.origin) or preset.origin == "system":
        raise ValueError("origin is not a short name of small letters, digits and _")
    for part in preset.parts:
        if unknown := set(part.fields) - set(CANONICAL):
            raise ValueError(f"there are no fields {', '.join(sorted(unknown))}; there are {', '.join(CANONICAL)}")
        if unknown := set(part.units.values()) - set(UNITS):
            raise ValueError(f"there are no units {', '.join(sorted(unknown))}; there are {', '.join(UNITS)}")
        if not {"external_id", "event_id"} & set(part.fields):
            raise ValueError(f"part {part.name} has no field external_id")
        if not part.platform and "platform" not in part.fields:
            raise ValueError(f"part {part.name} has no platform")
        if preset.reader in ("postgres", "sqlite") and not (part.table or part.query):
            raise ValueError(f"part {part.name} has no table")
        re.compile(part.id_pattern)
