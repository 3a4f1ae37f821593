"""Compare a live database with what the migrations make: whatever somebody changed by hand is found.

The measure is a second database on the same server, made for the purpose and dropped again, so that nothing has to be
written down twice and no version of PostgreSQL words a definition differently.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from .connect import LIVELINESS, AnsweredConnection, open_connection
from .connection import normalise_dsn
from .migrate import MigrationError, migrate, pending

__all__ = ["Difference", "Objects", "find_drift", "read_objects"]

_ANSWER_SECONDS = 600.0  # To make a database takes its time on a slow disk.

Objects = dict[tuple[str, str], str]
"""Kind and name of everything in the schema ``ttfd`` -> its definition."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the migrations make it.

    Attributes:
        kind: relation, column, constraint, index, function, trigger, type, comment, grant, default or schema.
        name: which one.
        problem: ``missing``, ``stray`` (the migrations know nothing of it) or ``changed``.
        expected: its definition by the migrations; None when it is stray.
        actual: its definition in the database; None when it is missing.
    """

    kind: str
    name: str
    problem: str
    expected: str | None
    actual: str | None


def read_objects(url: str) -> Objects:
    """Everything that the catalog says of the schema ``ttfd``, rights and comments included."""
    with _patient(url) as connection:
        return {(kind, name): definition for kind, name, definition in connection.execute(_CATALOG)}


def find_drift(url: str, *, folder: Path | None = None) -> list[Difference]:
    """Compare; nothing is found in a database as the migrations make it. Changes nothing in that database.

    Args:
        url: the database; its user must be allowed to create databases on the server.
        folder: migrations to compare with instead of the packaged ones.

    Raises:
        psycopg.errors.InsufficientPrivilege: the user may not create a database.
        ttfd.migrate.MigrationError: the database is not migrated at all.
        ttfd.migrate.MigrationError, psycopg.Error: see `ttfd.migrate.migrate`.
    """
    actual = read_objects(url)
    if ("schema", "ttfd") not in actual and pending(url, folder=folder):  # else somebody dropped it
        raise MigrationError("There is no schema ttfd.", psycopg.errors.InvalidSchemaName.sqlstate)
    with _reference(url) as reference:
        migrate(reference, folder=folder)
        expected = read_objects(reference)
    return [
        Difference(kind, name, _problem(before, after), before, after)
        for kind, name in sorted(expected.keys() | actual.keys())
        if (before := expected.get((kind, name))) != (after := actual.get((kind, name)))
    ]


def _problem(expected: str | None, actual: str | None) -> str:
    if expected is None:
        return "stray"
    return "missing" if actual is None else "changed"


@contextlib.contextmanager
def _reference(url: str) -> Iterator[str]:
    """A database that lives as long as the block."""
    name = f"ttfd_drift_{uuid4().hex[:12]}"
    dsn = normalise_dsn(url)
    with _patient(dsn) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield make_conninfo(dsn, dbname=name, **LIVELINESS)
    finally:
        with _patient(dsn) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _patient(url: str) -> AnsweredConnection:
    connection = open_connection(url, "ttfd drift")
    connection.answer_seconds = _ANSWER_SECONDS
    return connection


# Kind, name, definition. What a role may do are rows of their own, so that a right that is missing is named.
_CATALOG = """
WITH relations AS (
  SELECT c.* FROM pg_class c WHERE c.relnamespace = to_regnamespace('ttfd')
), rights AS (
  SELECT 'schema ttfd' AS object, a.*
    FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
   WHERE n.nspname = 'ttfd'
   UNION ALL
  SELECT r.oid::regclass::text, a.*
    FROM relations r,
         aclexplode(coalesce(r.relacl,
                             acldefault((CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", r.relowner))) a
   WHERE r.relkind NOT IN ('c', 'i', 'I')
   UNION ALL
  SELECT r.oid::regclass || '.' || t.attname, a.*
    FROM relations r JOIN pg_attribute t ON t.attrelid = r.oid, aclexplode(t.attacl) a
   UNION ALL
  SELECT p.oid::regprocedure::text, a.*
    FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
   WHERE p.pronamespace = to_regnamespace('ttfd')
)
SELECT 'schema' AS kind, nspname::text AS name, nspowner::regrole::text AS definition
  FROM pg_namespace WHERE nspname = 'ttfd'
 UNION ALL
SELECT 'relation', oid::regclass::text, concat_ws(' ', relkind, relowner::regrole, reloptions, relrowsecurity)
  FROM relations WHERE relkind <> 'c'
 UNION ALL
SELECT 'column', attrelid::regclass || '.' || attname,
       concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                 pg_get_expr(d.adbin, d.adrelid))
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE attrelid IN (SELECT oid FROM relations WHERE relkind NOT IN ('i', 'I', 'S')) AND attnum > 0 AND NOT attisdropped
 UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, concat_ws(' ', pg_get_constraintdef(oid), convalidated)
  FROM pg_constraint WHERE connamespace = to_regnamespace('ttfd')
 UNION ALL
SELECT 'index', indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid)
  FROM pg_index WHERE indrelid IN (SELECT oid FROM relations)
 UNION ALL
SELECT 'function', p.oid::regprocedure::text,
       concat_ws(E'\\n', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
                 a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggtranstype::regtype, a.agginitval, p.proowner::regrole)
  FROM pg_proc p
  LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
 WHERE p.pronamespace = to_regnamespace('ttfd')
 UNION ALL
SELECT 'trigger', tgrelid::regclass || '.' || tgname, concat_ws(' ', pg_get_triggerdef(oid), 'enabled:', tgenabled)
  FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM relations) AND NOT tgisinternal
 UNION ALL
SELECT 'type', oid::regtype::text, concat_ws(' ', typtype, typowner::regrole)
  FROM pg_type WHERE typnamespace = to_regnamespace('ttfd')
 UNION ALL
SELECT 'comment', pg_describe_object(classoid, objoid, objsubid), description
  FROM pg_description WHERE pg_describe_object(classoid, objoid, objsubid) LIKE '%ttfd%'
 UNION ALL
SELECT 'grant',
       concat_ws(' ', privilege_type, 'on', object, 'to',
                 CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END),
       concat_ws(' ', 'by', grantor::regrole, is_grantable)
  FROM rights
 UNION ALL
SELECT 'default', concat_ws(' ', defaclrole::regrole, defaclobjtype), defaclacl::text FROM pg_default_acl
"""
