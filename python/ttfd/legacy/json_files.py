"""Reader of the legacy programs' JSON files."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ttfd.legacy.errors import ForeignFileError, WrongShapeError
from ttfd.legacy.files import FilePart, LegacyFile, open_parts, printable
from ttfd.legacy.json_stream import JsonStream
from ttfd.legacy.preset import Part, Preset
from ttfd.legacy.source import LegacyRow, LegacySource
from ttfd.names import marked

__all__ = ["open_json"]

_SHOWN = 10  # names beside the way to the records


def open_json(preset: Preset, location: str) -> LegacySource:
    """Open the files of `location`, separated by commas.

    Raises:
        LegacyError: a file is missing, unreadable, not JSON, or not what `preset` reads.
    """
    return open_parts(preset, location, JsonPart)


class JsonPart(FilePart):
    """The records of one part of one file."""

    def __init__(self, preset: Preset, part: Part, file: LegacyFile) -> None:
        super().__init__(preset, part, file)
        self._openings = "{" if part.keyed_by_id else "{["

    def rows(self) -> Iterator[LegacyRow]:
        """Yield a row for every record, with a reason where none can be made of it.

        Raises:
            LegacyError: the file is not JSON, or not what the preset reads.
        """
        where = f"{self._file.short_name} {'/'.join(self._part.path)}".strip()
        stream = JsonStream(self._file.path, self._file.name)
        try:
            for key, legacy in self._records(stream):
                platform, record, reason = self._read(key, legacy)
                self.done = stream.consumed
                yield LegacyRow(self.name, f"{where}/{printable(key)}", platform, record, reason)
            stream.end()
        finally:
            stream.close()
        self.done = self.total

    def _records(self, stream: JsonStream) -> Iterator[tuple[str, Any]]:
        """Walk the way to the records. A list at the top is a list of records."""
        opening = stream.peek()
        if opening == "{":
            yield from self._walk(stream, self._part.path)
        elif opening in self._openings:
            yield from self._own_records(stream)
        else:
            raise self._wrong_shape(self._part.path, _outline(stream))

    def _walk(self, stream: JsonStream, path: Sequence[str]) -> Iterator[tuple[str, Any]]:
        if not path:
            yield from self._own_records(stream)
            return
        beside: list[str] = []
        is_found = False
        for key in stream.enter():
            if key in self._part.foreign:
                raise self._foreign(key)
            if key == path[0] and stream.peek() in (self._openings if len(path) == 1 else "{"):
                is_found = True
                yield from self._walk(stream, path[1:])
            else:
                beside.append(f"{printable(key)}: {_outline(stream)}")
        if not is_found:
            raise self._wrong_shape(path, "{" + ", ".join(beside[:_SHOWN]) + "}")

    def _own_records(self, stream: JsonStream) -> Iterator[tuple[str, Any]]:
        """Yield what stands at the cursor. Until an id is seen, it may be a file of another kind."""
        id_names = self._part.fields["external_id"]
        is_certain = False
        for key in stream.enter():
            legacy = stream.value()
            if not is_certain and isinstance(legacy, dict):
                is_certain = any(name in legacy for name in id_names)
                strange = [name for name in self._part.foreign if name in legacy]
                if strange and not is_certain:
                    raise self._foreign(strange[0])
            yield key, legacy

    def _foreign(self, name: str) -> ForeignFileError:
        return ForeignFileError(path=self._file.name, preset=self._preset.name, name=name)

    def _wrong_shape(self, path: Sequence[str], found: str) -> WrongShapeError:
        expected = path[0] if path else "{…}"
        return WrongShapeError(path=self._file.name, preset=self._preset.name, expected=expected, found=found)

    def _read(self, key: str, legacy: Any) -> tuple[str, str | None, str | None]:
        if not isinstance(legacy, dict):
            return self.platform, None, marked("the record is not an object")
        record = self._rename(legacy)
        if self._part.keyed_by_id:
            if record.get("external_id") is not None and str(record["external_id"]) != key:
                return self.platform, None, marked("the id in the record is not the key that it stands under")
            record["external_id"] = key
        return self._finish(record)


def _outline(stream: JsonStream) -> str:
    """Sketch the value at the cursor for people, in JSON's own signs, and go past it."""
    opening = stream.peek()
    if opening in ("{", "["):
        stream.skip()
        return "{…}" if opening == "{" else "[…]"
    return printable(json.dumps(stream.value(), ensure_ascii=False)[:20])
