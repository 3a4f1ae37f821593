"""Reader of SQLite databases, as a mapping file describes them."""

import hashlib
import sqlite3
from collections.abc import Iterator
from urllib.parse import quote

from ttfd.legacy.errors import MissingColumnError, MissingTableError, NotSqliteError
from ttfd.legacy.files import LegacyFile, open_files, printable
from ttfd.legacy.preset import Part, Preset
from ttfd.legacy.records import Finisher, renamer
from ttfd.legacy.source import LegacyRow, LegacySource

__all__ = ["open_sqlite"]


def open_sqlite(preset: Preset, location: str) -> LegacySource:
    """Open the database file at `location` for reading only.

    Raises:
        LegacyError: no such file, no SQLite database, or not the tables of `preset`.
    """
    (file,) = open_files(preset, location)
    connection = sqlite3.connect(
        f"file:{quote(str(file.path))}?mode=ro", uri=True, check_same_thread=False
    )  # opened by one thread, read by the next
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    connection.row_factory = sqlite3.Row
    source = LegacySource(preset, f"{preset.name}:{file.short_name}", (), connection.close)
    try:
        tables = {
            str(name).casefold()
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type <> 'index'")
        }
        for part in preset.parts:
            if part.query or part.table.casefold() in tables:
                source.parts += (SqlitePart(source.label, part, file, connection),)
            elif not part.optional:
                raise MissingTableError(source=source.label, table=part.table, found=", ".join(sorted(tables)) or "-")
    except sqlite3.Error as error:
        connection.close()
        raise NotSqliteError(path=file.name, reason=str(error)) from None
    except BaseException:
        connection.close()
        raise
    return source


class SqlitePart:
    """The rows of one table or query; `total` and `done` count them."""

    def __init__(self, label: str, part: Part, file: LegacyFile, connection: sqlite3.Connection) -> None:
        self._part = part
        self._file = file
        self._connection = connection
        self.name = part.name
        self.platform = part.platform
        relation = f"({part.query})" if part.query else '"' + part.table.replace('"', '""') + '"'
        self._statement = f"SELECT * FROM {relation}"  # noqa: S608 (the mapping file is the owner's)
        self.identity = hashlib.sha256(f"{file.identity} {relation}".encode()).hexdigest()
        columns = [column for column, *_ in connection.execute(f"{self._statement} LIMIT 0").description]
        names = part.fields.get("external_id", ())
        if names and not set(names) & set(columns):
            raise MissingColumnError(source=label, table=part.table, column=names[0], found=", ".join(columns))
        (self.total,) = connection.execute(f"SELECT count(*) FROM ({self._statement})").fetchone()  # noqa: S608
        self.done = 0
        self._key = part.key if part.key in columns else (names[0] if names else columns[0])
        self._rename = renamer(part.fields)
        self._finish = Finisher(part).finish

    def rows(self) -> Iterator[LegacyRow]:
        """Yield a row for every record.

        Raises:
            NotSqliteError: the file is damaged.
        """
        try:
            for found in self._connection.execute(self._statement):
                self.done += 1
                legacy = dict(found)
                platform, record, reason = self._finish(self._rename(legacy))
                where = f"{self._part.table or self.name} {self._key}={printable(str(legacy[self._key]))}"
                yield LegacyRow(self.name, where, platform, record, reason)
        except sqlite3.Error as error:
            raise NotSqliteError(path=self._file.name, reason=str(error)) from None
