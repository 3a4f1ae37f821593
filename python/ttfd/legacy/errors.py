"""What can go wrong while legacy data is read. Each error says what happened and what to do next."""

from typing import ClassVar

from ttfd.names import marked


class LegacyError(Exception):
    """Base of all errors of this package.

    `message` and `hint` are English templates, so that a program can translate them before it fills in
    `values`; none of these is a secret. `exit_code` is what a command exits with: 2 for bad input, 3 for a
    database.
    """

    message: ClassVar[str]
    hint: ClassVar[str]
    exit_code: ClassVar[int] = 2

    def __init__(self, **values: object) -> None:
        super().__init__(values)
        self.values = values

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".format(**self.values)


class UnknownPresetError(LegacyError):
    """No preset has this name."""

    message = marked("There is no preset {preset!r}.")
    hint = marked("Did you mean {nearest}? Presets: {known}.")


class BadMappingError(LegacyError):
    """The mapping file cannot be used."""

    message = marked("The mapping file {path} cannot be used: {reason}.")
    hint = marked("docs/en/import.md shows how such a file looks.")


class TooManyFilesError(LegacyError):
    """More files were given than the preset reads."""

    message = marked("The preset {preset} reads {most} file(s), but {given} were given.")
    hint = marked("Separate files by commas and give each source its own PRESET=FILE.")


class MissingFileError(LegacyError):
    """There is no such file."""

    message = marked("There is no file {path}.")
    hint = marked("Check the path; it is relative to the current folder.")


class UnreadableFileError(LegacyError):
    """The operating system refuses to read the file."""

    message = marked("The file {path} cannot be read: {reason}.")
    hint = marked("Give a regular file that you may read.")


class NotUtf8Error(LegacyError):
    """The file is text in another encoding, or no text."""

    message = marked("The file {path} is not UTF-8 text (byte {position}).")
    hint = marked("Save it as UTF-8; it may be in Windows-1251 or UTF-16.")


class BadJsonError(LegacyError):
    """The file is not JSON."""

    message = marked("The file {path} is not valid JSON: line {line}, column {column}: {reason}.")
    hint = marked("Mend that place, or take the last whole copy of the file.")


class BadCsvError(LegacyError):
    """The file is not CSV."""

    message = marked("The file {path} is not the CSV that {preset} reads: line {line}: {reason}.")
    hint = marked("Check delimiter and encoding in the mapping file.")


class NotSqliteError(LegacyError):
    """The file is no SQLite database, or a damaged one."""

    message = marked("The file {path} cannot be read as an SQLite database: {reason}.")
    hint = marked("Give the database file itself, and a whole copy of it.")


class WrongShapeError(LegacyError):
    """The file is JSON, but has no object where the preset's records should be."""

    message = marked("The file {path} has no object {expected}, which {preset} reads; it has {found}.")
    hint = marked("Check the preset and the order of the files.")


class ForeignFileError(LegacyError):
    """The file is one of another kind: it holds names that this one never has."""

    message = marked("The file {path} has {name}: {preset} reads another file in this place.")
    hint = marked("Check the preset and the order of the files.")


class BadAddressError(LegacyError):
    """The location is no PostgreSQL address. Never quotes it: it may hold a password."""

    message = marked("The location given for {preset} is not a PostgreSQL address.")
    hint = marked("Give postgresql://user:password@host/database (@ and / in a password are %40 and %2F) or env:NAME.")


class UnsetVariableError(LegacyError):
    """The environment variable that should hold the address is not set."""

    message = marked("The environment variable {name} is not set.")
    hint = marked("Set it to the address of the database: postgresql://user:password@host/database.")


class DatabaseUnreachableError(LegacyError):
    """No connection: address, network, user or password."""

    message = marked("No connection to {source}: {reason}.")
    hint = marked("Check host, port, user and password, and that the server accepts connections from here.")
    exit_code = 3


class DatabaseFailedError(LegacyError):
    """The legacy database refused or broke off reading."""

    message = marked("Reading {source} failed: {reason}.")
    hint = marked("Nothing was imported. Check the connection and that the user may read the tables, then run again.")
    exit_code = 3


class MissingTableError(LegacyError):
    """The database has no such table."""

    message = marked("{source} has no table {table}.")
    hint = marked("Check the database name and the preset. Tables found: {found}.")
    exit_code = 3


class MissingColumnError(LegacyError):
    """The table has no column with the platform's id."""

    message = marked("The table {table} of {source} has no column {column}.")
    hint = marked("Check the preset. Columns found: {found}.")
    exit_code = 3


class RowCounterError(LegacyError):
    """The column that should hold the platform's id only counts rows."""

    message = marked("The column {column} of the table {table} of {source} counts rows: no {platform} ids.")
    hint = marked("The table belongs to another program; check the preset.")
    exit_code = 3
