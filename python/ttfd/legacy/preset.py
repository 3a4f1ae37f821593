"""Presets: mapping files that say where a legacy program keeps what."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ttfd.legacy.errors import UnknownPresetError

_FOLDER = resources.files("ttfd.legacy") / "presets"


@dataclass(frozen=True, slots=True)
class Part:
    """One list of records of a source; an account stands in it at most once.

    Attributes:
        name: what `import_rows.part` gets.
        platform: whose id `external_id` is.
        fields: canonical name to the legacy names that may hold it; the first one that is not null counts.
        optional: whether the source may lack it.
        file, path: JSON: which of the files, and the way to the records in it.
        keyed_by_id: JSON: whether the key of a record is its external id.
        foreign: JSON: names that give away a file of another kind.
        table: PostgreSQL: the table.
        query: PostgreSQL: a statement to read instead, where the columns of the table do not suffice.
        key: PostgreSQL: the column that tells people which record it is.
    """

    name: str
    platform: str
    fields: Mapping[str, tuple[str, ...]]
    optional: bool = False
    file: int = 0
    path: tuple[str, ...] = ()
    keyed_by_id: bool = False
    foreign: tuple[str, ...] = ()
    table: str = ""
    query: str = ""
    key: str = ""


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
    """Read the preset `name`.

    Raises:
        UnknownPresetError: there is none of this name.
    """
    known = preset_names()
    if name not in known:
        shown = name if re.fullmatch(r"[\w-]+", name) else "…"  # it may be an address, given without a preset
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise UnknownPresetError(preset=shown, nearest=nearest, known=", ".join(known))
    document = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    parts = tuple(_part(entry) for entry in document.pop("parts"))
    return Preset(name=name, parts=parts, **document)


def _part(entry: dict[str, Any]) -> Part:
    fields = {
        canonical: (legacy,) if isinstance(legacy, str) else tuple(legacy)
        for canonical, legacy in entry.pop("fields").items()
    }
    path, foreign = (tuple(entry.pop(name, ())) for name in ("path", "foreign"))
    return Part(fields=fields, path=path, foreign=foreign, **entry)
