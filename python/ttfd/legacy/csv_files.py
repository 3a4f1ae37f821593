"""Reader of CSV files, as a mapping file describes them."""

import csv
from collections.abc import Iterator

from ttfd.legacy.errors import BadCsvError, MissingColumnError, NotUtf8Error
from ttfd.legacy.files import FilePart, open_parts
from ttfd.legacy.preset import Preset
from ttfd.legacy.source import LegacyRow, LegacySource
from ttfd.names import marked

__all__ = ["open_csv"]


def open_csv(preset: Preset, location: str) -> LegacySource:
    """Open the files of `location`, separated by commas; the first line of each names the columns.

    Raises:
        LegacyError: a file is missing or unreadable.
    """
    return open_parts(preset, location, CsvPart)


class CsvPart(FilePart):
    """The lines of one file. An empty field is a missing one."""

    def rows(self) -> Iterator[LegacyRow]:
        """Yield a row for every line.

        Raises:
            LegacyError: the file is no such CSV.
        """
        with self._file.path.open(encoding=self._part.encoding, newline="") as file:
            reader = csv.DictReader(file, delimiter=self._part.delimiter, strict=True)
            try:
                self._check(list(reader.fieldnames or ()))
                for line in reader:
                    fields = {name: text for name, text in line.items() if name is not None and text}
                    platform, record, reason = self._finish(self._rename(fields))
                    if None in line:
                        record, reason = None, marked("there are more fields than columns")
                    self.done = min(self.total, self.done + sum(map(len, fields.values())) + len(line))
                    yield LegacyRow(
                        self.name, f"{self._file.short_name} line {reader.line_num}", platform, record, reason
                    )
            except csv.Error as error:
                raise self._bad(reader.line_num, str(error)) from None
            except UnicodeDecodeError as error:
                raise NotUtf8Error(path=self._file.name, position=error.start) from None
        self.done = self.total

    def _check(self, columns: list[str]) -> None:
        names = self._part.fields.get("external_id", ())
        if names and not set(names) & set(columns):
            raise MissingColumnError(
                source=self._preset.name, table=self._file.name, column=names[0], found=", ".join(columns)
            )

    def _bad(self, line: int, reason: str) -> BadCsvError:
        return BadCsvError(path=self._file.name, preset=self._preset.name, line=line, reason=reason)
