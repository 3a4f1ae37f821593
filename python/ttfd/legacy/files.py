"""Files with legacy data, before anything of them is read."""

import hashlib
import re
from pathlib import Path

from ttfd.legacy.errors import MissingFileError, TooManyFilesError, UnreadableFileError
from ttfd.legacy.preset import Preset

__all__ = ["LegacyFile", "open_files", "printable"]

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
