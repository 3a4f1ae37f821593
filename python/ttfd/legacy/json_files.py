"""Reader of the legacy programs' JSON files."""

import hashlib
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ttfd.legacy.errors import (
    BadJsonError,
    ForeignFileError,
    MissingFileError,
    NotUtf8Error,
    TooManyFilesError,
    UnreadableFileError,
    WrongShapeError,
    marked,
)
from ttfd.legacy.preset import Part, Preset
from ttfd.legacy.source import LegacyRow, LegacySource

__all__ = ["JsonPart", "open_json"]

_MOST_DIGITS = 1000
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


class _Repeating(dict[str, Any]):
    """An object that names a key more than once; `pairs` has all of them."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def open_json(preset: Preset, location: str) -> LegacySource:
    """Open the files of `location`, separated by commas.

    Raises:
        LegacyError: a file is missing, unreadable, not JSON, or not what `preset` reads.
    """
    paths = [Path(name.strip()) for name in location.split(",")]
    most = 1 + max(part.file for part in preset.parts)
    if len(paths) > most:
        raise TooManyFilesError(preset=preset.name, most=most, given=len(paths))
    files = [_File(path) for path in paths]
    parts = [
        JsonPart(preset, part, files[part.file]) for part in preset.parts if part.file < len(files) or not part.optional
    ]
    return LegacySource(preset, f"{preset.name}:{_printable(paths[0].name)}", parts)


class _File:
    """A file that is read whole: path for people, content, and hash of its bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = _printable(str(path))
        raw = self._read()
        self.identity = hashlib.sha256(raw).hexdigest()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise NotUtf8Error(path=self.name, position=error.start) from None
        self.content = self._parse(text)

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            raise MissingFileError(path=self.name) from None
        except OSError as error:
            raise UnreadableFileError(path=self.name, reason=error.strerror) from None

    def _parse(self, text: str) -> Any:
        try:
            return json.loads(text, object_pairs_hook=_to_object, parse_int=_to_int)
        except json.JSONDecodeError as error:
            place = {"line": error.lineno, "column": error.colno, "reason": error.msg}
        except RecursionError:
            place = {"line": 1, "column": 1, "reason": "nested too deeply"}
        raise BadJsonError(path=self.name, **place)


class JsonPart:
    """The records of one part of one file."""

    def __init__(self, preset: Preset, part: Part, file: _File) -> None:
        self.part = part
        self.file = file
        self.name = part.name
        self.platform = part.platform
        self.identity = file.identity
        self.records = self._find_records(preset)
        self.total = len(self.records)

    def _find_records(self, preset: Preset) -> list[tuple[str, Any]]:
        found = self.file.content
        for name in self.part.path:
            self._refuse_foreign(preset, found)
            inner = found.get(name) if isinstance(found, dict) else None
            if not isinstance(inner, dict):
                raise WrongShapeError(path=self.file.name, preset=preset.name, expected=name, found=_outline(found))
            found = inner
        records = [record for record in found.values() if isinstance(record, dict)]
        id_names = self.part.fields["external_id"]
        if not any(name in record for record in records for name in id_names):
            for record in records:
                self._refuse_foreign(preset, record)
        return found.pairs if isinstance(found, _Repeating) else list(found.items())

    def _refuse_foreign(self, preset: Preset, found: Any) -> None:
        for name in self.part.foreign:
            if isinstance(found, dict) and name in found:
                raise ForeignFileError(path=self.file.name, preset=preset.name, name=name)

    def rows(self) -> Iterator[LegacyRow]:
        """Yield a row for every record, with a reason where none can be made of it."""
        last = {key: place for place, (key, _) in enumerate(self.records)}
        where = f"{_printable(self.file.path.name)} {'/'.join(self.part.path)}"
        for place, (key, legacy) in enumerate(self.records):
            if place == last[key]:
                record, reason = self._to_record(key, legacy)
            else:
                record, reason = None, marked("the key stands here more than once; only the last one counts")
            yield LegacyRow(self.name, f"{where}/{_printable(key)}", self.part.platform, record, reason)

    def _to_record(self, key: str, legacy: Any) -> tuple[str | None, str | None]:
        if not isinstance(legacy, dict):
            return None, marked("the record is not an object")
        record = {}
        for canonical, names in self.part.fields.items():
            present = [legacy[name] for name in names if name in legacy]
            if present:
                record[canonical] = next((value for value in present if value is not None), None)
        if self.part.keyed_by_id:
            if record.get("external_id") is not None and str(record["external_id"]) != key:
                return None, marked("the id in the record is not the key that it stands under")
            record["external_id"] = key
        return _to_json(record)


def _to_json(record: dict[str, Any]) -> tuple[str | None, str | None]:
    """Serialise `record`, or say why jsonb cannot hold it."""
    try:
        text = _ENCODER.encode(record)
        text.encode()
    except UnicodeEncodeError:
        return None, marked("a text is not valid Unicode")
    except ValueError:
        return None, marked("a number is not finite")
    if "\\u0000" in text and _NUL.search(text):
        return None, marked("a text holds a NUL character")
    return text, None


def _to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeating(pairs)


def _to_int(digits: str) -> int | float:
    """Python refuses to read very long numbers; such a one is infinite to us, and its record is rejected."""
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _outline(value: Any) -> str:
    """Sketch `value` for people, in JSON's own signs."""
    if isinstance(value, dict):
        names = (f"{_printable(name)}: {_sign(inner)}" for name, inner in list(value.items())[:10])
        return "{" + ", ".join(names) + "}"
    return _sign(value)


def _sign(value: Any) -> str:
    if isinstance(value, dict):
        return "{…}"
    return "[…]" if isinstance(value, list) else _printable(json.dumps(value, ensure_ascii=False)[:20])
