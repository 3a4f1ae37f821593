"""Files with legacy data, before anything of them is read."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from ttfd.legacy.errors import MissingFileError, TooManyFilesError, UnreadableFileError
from ttfd.legacy.preset import Part, Preset
from ttfd.legacy.records import Finisher, renamer
from ttfd.legacy.source import LegacySource, SourcePart

__all__ = ["FilePart", "LegacyFile", "open_files", "open_parts", "printable"]

_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


class LegacyFile:
    """A file that can be read: path, name for people, size, and hash of its bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = printable(str(path))
        self.short_name = printable(path.name)
        try:
            with path.open("rb") as file:
                self.identity = hashlib.file_digest(file, "sha256").hexdigest()
                self.size = file.tell()
        except FileNotFoundError:
            raise MissingFileError(path=self.name) from None
        except OSError as error:
            raise UnreadableFileError(path=self.name, reason=error.strerror) from None


class FilePart:
    """A part of a file; `total` and `done` are bytes of it."""

    def __init__(self, preset: Preset, part: Part, file: LegacyFile) -> None:
        self._preset = preset
        self._part = part
        self._file = file
        self._rename = renamer(part.fields)
        self._finish = Finisher(part).finish
        self.name = part.name
        self.platform = part.platform
        self.identity = file.identity
        self.total = file.size
        self.done = 0


def open_parts(
    preset: Preset, location: str, open_part: Callable[[Preset, Part, LegacyFile], SourcePart]
) -> LegacySource:
    """Open the files of `location`, separated by commas; the file of an optional part may not be given.

    Raises:
        LegacyError: a file is missing or cannot be read, or there are more than `preset` reads.
    """
    files = open_files(preset, location)
    given = [part for part in preset.parts if part.file < len(files) or not part.optional]
    parts = [open_part(preset, part, files[part.file]) for part in given]
    return LegacySource(preset, f"{preset.name}:{files[0].short_name}", parts)


def open_files(preset: Preset, location: str) -> list[LegacyFile]:
    """Find the files of `location`, separated by commas.

    Raises:
        LegacyError: one is missing or cannot be read, or there are more than `preset` reads.
    """
    names = location.split(",")
    most = 1 + max(part.file for part in preset.parts)
    if len(names) > most:
        raise TooManyFilesError(preset=preset.name, most=most, given=len(names))
    return [LegacyFile(Path(name.strip())) for name in names]


def printable(text: str) -> str:
    """Return `text` without what neither PostgreSQL nor a terminal can take."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
