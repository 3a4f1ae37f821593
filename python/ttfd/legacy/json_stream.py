"""A JSON file record by record, in the memory of a few records.

The standard library reads JSON fast, but whole; what streams (ijson) stops at the NaN that the legacy programs' own
json module wrote. So the way to the records is walked here, and each record is left to
the standard library.
"""

import codecs
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ttfd.legacy.errors import BadJsonError, NotUtf8Error

__all__ = ["JsonStream"]

_CHUNK = 1 << 20
_LONGEST_RECORD = 1 << 26
_MOST_DIGITS = 1000
_SPACE = re.compile(r"[ \t\n\r]*")
_NEXT_KEY = re.compile(r'[ \t\n\r]*,[ \t\n\r]*"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*')


def _to_int(digits: str) -> int | float:
    """Python refuses to read very long numbers; such a one is infinite to us, and its record is rejected."""
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


_Scan = Callable[[str, int], tuple[Any, int]]
_FAST: _Scan = json.scanner.make_scanner(json.JSONDecoder())  # type: ignore[attr-defined]
_PATIENT: _Scan = json.scanner.make_scanner(json.JSONDecoder(parse_int=_to_int))  # type: ignore[attr-defined]


class JsonStream:
    """A cursor over the text of a file, which it reads as it goes.

    Attributes:
        consumed: bytes read so far.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.consumed = 0
        self._name = name
        self._file: BinaryIO = path.open("rb")
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._place = 0  # of the cursor in _text
        self._is_whole = False  # whether _text reaches to the end of the file
        self._lines = 0  # before _text
        self._column = 0  # of the start of _text in its line

    def close(self) -> None:
        self._file.close()

    def peek(self) -> str:
        """Return the next character that is not space; nothing at the end."""
        while True:
            self._place = _SPACE.match(self._text, self._place).end()  # type: ignore[union-attr]
            if self._place < len(self._text) or self._is_whole:
                return self._text[self._place : self._place + 1]
            self._read()

    def enter(self) -> Iterator[str]:
        """Step into the object or list at the cursor and yield each key; of a list, the place.

        At each yield the cursor stands at the value, which the caller has to read or skip.
        """
        is_object = self.peek() == "{"
        end = "}" if is_object else "]"
        self._place += 1
        found = self.peek()
        number = 0
        while found != end:
            yield self._key() if is_object else str(number)
            number += 1
            while is_object and (following := _NEXT_KEY.match(self._text, self._place)):
                self._place = following.end()
                yield following[1]
            found = self.peek()
            if found == ",":
                self._place += 1
            elif found != end:
                raise self._error("Expecting ',' delimiter")
        self._place += 1

    def value(self) -> Any:
        """Read the value at the cursor."""
        self.peek()
        scan = _FAST
        while True:
            try:
                value, end = scan(self._text, self._place)
            except json.JSONDecodeError as error:
                near_end = error.pos >= len(self._text) - 16 or error.msg.startswith("Unterminated string")
                if not near_end or not self._read():
                    raise self._error(error.msg, error.pos) from None
            except StopIteration as stop:
                if stop.value < len(self._text) - 16 or not self._read():
                    raise self._error("Expecting value", stop.value) from None
            except RecursionError:
                raise self._error("nested too deeply", 0) from None
            except ValueError:
                scan = _PATIENT
            else:
                if end < len(self._text) or not self._read():
                    self._place = end
                    return value

    def skip(self) -> None:
        """Read past the value at the cursor, however large it is."""
        if self.peek() in ("{", "["):
            for _ in self.enter():
                self.value()
        else:
            self.value()

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.peek():
            raise self._error("Extra data")

    def _key(self) -> str:
        if self.peek() != '"':
            raise self._error("Expecting property name enclosed in double quotes")
        key: str = self.value()
        if self.peek() != ":":
            raise self._error("Expecting ':' delimiter")
        self._place += 1
        return key

    def _read(self) -> bool:
        """Read on; drop what lies behind the cursor. False at the end of the file, or where a record never ends."""
        if self._is_whole or len(self._text) - self._place > _LONGEST_RECORD:
            return False
        behind = self._text[: self._place]
        if "\n" in behind:
            self._lines += behind.count("\n")
            self._column = len(behind) - behind.rindex("\n") - 1
        else:
            self._column += len(behind)
        wanted = max(_CHUNK, len(self._text) - self._place)
        chunk = self._file.read(wanted)
        self._is_whole = len(chunk) < wanted
        try:
            self._text = self._text[self._place :] + self._decode(chunk, self._is_whole)
        except UnicodeDecodeError as error:
            raise NotUtf8Error(path=self._name, position=self.consumed + error.start) from None
        self.consumed += len(chunk)
        self._place = 0
        return True

    def _error(self, reason: str, place: int | None = None) -> BadJsonError:
        place = self._place if place is None else place
        before = self._text[:place]
        line = self._lines + before.count("\n") + 1
        column = place - before.rfind("\n") if "\n" in before else self._column + place + 1
        return BadJsonError(path=self._name, line=line, column=column, reason=reason)
