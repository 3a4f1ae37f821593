"""Reader of the legacy programs' PostgreSQL databases."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ttfd.connection import normalise_dsn
from ttfd.legacy.errors import (
    BadAddressError,
    DatabaseFailedError,
    DatabaseUnreachableError,
    MissingColumnError,
    MissingTableError,
    RowCounterError,
    UnsetVariableError,
)
from ttfd.legacy.preset import Part, Preset
from ttfd.legacy.records import Finisher
from ttfd.legacy.source import LegacyRow, LegacySource
from ttfd.names import marked

__all__ = ["TablePart", "open_postgres"]

_CONNECT_SECONDS = 10
_ROWS_A_FETCH = 5000

_TABLE = """
SELECT c.oid::text,
       ARRAY(SELECT a.attname::text
               FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attnum),
       ARRAY(SELECT a.attname::text
               FROM pg_attribute a
               LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
              WHERE a.attrelid = c.oid
                AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%'))
  FROM pg_class c
 WHERE c.oid = to_regclass(quote_ident(%s))
"""

_TABLES = """
SELECT coalesce(string_agg(relname, ', ' ORDER BY relname), '-')
  FROM pg_class
 WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(oid)
   AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
"""

_SERVER = "SELECT system_identifier::text FROM pg_control_system()"

_ADDRESS = "SELECT concat_ws(' ', inet_server_addr(), inet_server_port(), current_database())"

_DATABASE = "SELECT oid::text FROM pg_database WHERE datname = current_database()"


def open_postgres(preset: Preset, location: str) -> LegacySource:
    """Open the database at `location`, an address or `env:NAME`, for reading only.

    Raises:
        LegacyError: no address, no connection, or not the tables of `preset`.
    """
    connection = _connect(preset, location)
    label = f"{preset.name}:{_name(connection)}"
    source = LegacySource(preset, label, (), connection.close)
    try:
        with _reported(label):
            database = _fingerprint(connection)
            for part in preset.parts:
                if not part.optional or not part.table or _describe(connection, part.table):
                    _add_part(source, connection, database, part)
    except BaseException:
        connection.close()
        raise
    return source


class TablePart:
    """The records of one table, built on the server and streamed through a cursor there."""

    def __init__(self, connection: psycopg.Connection[Any], label: str, database: str, part: Part) -> None:
        self._connection = connection
        self._label = label
        self._part = part
        self.name = part.name
        self.platform = part.platform
        table = _describe(connection, part.table) if part.table else (part.query, [], [])
        if not table:
            found = _value(connection, _TABLES)
            raise MissingTableError(source=label, table=part.table, found=found)
        oid, columns, counters = table
        self.identity = hashlib.sha256(f"{database} {oid}".encode()).hexdigest()
        if part.query:
            self._relation: sql.Composable = sql.SQL("({})").format(sql.SQL(part.query))
            columns = _columns(connection, self._relation)
        else:
            self._relation = sql.Identifier(part.table)
        self._id_column = (part.fields.get("external_id") or part.fields["event_id"])[0]
        self._check_id(columns, counters)
        self._columns = columns
        self.total = int(_value(connection, sql.SQL("SELECT count(*) FROM {} AS r").format(self._relation)))
        self.done = 0
        self._finisher = Finisher(part)

    def _check_id(self, columns: list[str], counters: list[str]) -> None:
        column = self._id_column
        place = {"source": self._label, "table": self._part.table, "column": column}
        if column not in columns:
            raise MissingColumnError(**place, found=", ".join(columns))
        if column in counters and not self._part.query:
            raise RowCounterError(**place, platform=self._part.platform)

    def rows(self) -> Iterator[LegacyRow]:
        """Yield a row for every record."""
        with _reported(self._label), self._connection.cursor(name="ttfd_legacy") as cursor:
            cursor.itersize = _ROWS_A_FETCH
            cursor.execute(self._statement())
            for self.done, (key, record) in enumerate(cursor, start=1):
                where = f"{self._part.table or self.name} {key}"
                if self._finisher.is_idle:
                    yield LegacyRow(self.name, where, self.platform, record)
                else:
                    platform, text, reason = self._finisher.finish(json.loads(record))
                    yield LegacyRow(self.name, where, platform, text, reason)

    def _statement(self) -> sql.Composed:
        pairs: list[sql.Composable] = []
        for canonical, names in self._part.fields.items():
            present = [sql.SQL("to_jsonb(r.{})").format(sql.Identifier(n)) for n in names if n in self._columns]
            if present:
                value = sql.SQL("coalesce({})").format(sql.SQL(", ").join(present))
                pairs.append(sql.SQL("{}::text, {}").format(canonical, value))
        key = self._part.key if self._part.key in self._columns else self._id_column
        return sql.SQL("SELECT concat({}::text, r.{}), jsonb_build_object({})::text FROM {} AS r").format(
            f"{key}=", sql.Identifier(key), sql.SQL(", ").join(pairs), self._relation
        )


def _add_part(source: LegacySource, connection: psycopg.Connection[Any], database: str, part: Part) -> None:
    try:
        source.parts += (TablePart(connection, source.label, database, part),)
    except RowCounterError:
        if not part.optional:
            raise
        source.leave_out(part.name, marked("its ids only count rows: it belongs to another program"))


def _connect(preset: Preset, location: str) -> psycopg.Connection[Any]:
    if location.startswith("env:"):
        name = location.removeprefix("env:")
        if not os.environ.get(name):
            raise UnsetVariableError(name=name)
        location = os.environ[name]
    try:
        dsn = normalise_dsn(location)
    except ValueError:
        raise BadAddressError(preset=preset.name) from None
    options = conninfo_to_dict(dsn)
    dsn = make_conninfo(dsn, connect_timeout=options.get("connect_timeout", _CONNECT_SECONDS))
    try:
        connection: psycopg.Connection[Any] = psycopg.connect(
            dsn, application_name="ttfd import", prepare_threshold=None
        )
    except psycopg.Error as error:
        place = "/".join(str(options[key]) for key in ("host", "dbname") if options.get(key))
        raise DatabaseUnreachableError(source=place or preset.name, reason=_one_line(error)) from None
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


def _name(connection: psycopg.Connection[Any]) -> str:
    info = connection.info
    port = "" if info.port == 5432 else f":{info.port}"
    return f"{info.host}{port}/{info.dbname}"


def _fingerprint(connection: psycopg.Connection[Any]) -> str:
    """Tell one database from another, whatever name it was reached by."""
    try:
        with connection.transaction():
            server = _value(connection, _SERVER)
    except psycopg.errors.InsufficientPrivilege:
        server = _value(connection, _ADDRESS)
    return f"{server} {_value(connection, _DATABASE)}"


def _describe(connection: psycopg.Connection[Any], table: str) -> tuple[str, list[str], list[str]] | None:
    """Return oid, columns, and columns that count rows by themselves; None where there is no such table."""
    return connection.execute(_TABLE, [table]).fetchone()


def _columns(connection: psycopg.Connection[Any], relation: sql.Composable) -> list[str]:
    cursor = connection.execute(sql.SQL("SELECT * FROM {} AS r LIMIT 0").format(relation))
    return [column.name for column in cursor.description or ()]


def _value(connection: psycopg.Connection[Any], query: LiteralString | sql.Composed) -> str:
    row = connection.execute(query).fetchone()
    return str(row[0]) if row else ""


@contextmanager
def _reported(label: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseFailedError(source=label, reason=_one_line(error)) from error


def _one_line(error: psycopg.Error) -> str:
    """Return what the server or libpq said, without the advice that follows: ours is better informed."""
    text = error.diag.message_primary or str(error).rpartition("failed: ")[2] or "?"
    return text.splitlines()[0].removeprefix("FATAL:").strip().rstrip(".")
