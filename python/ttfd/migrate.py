"""Apply the migrations with yoyo, so that a kill at any point heals on the next run.

Plain ``yoyo apply --batch`` gives the same database. What this module adds:

- A migration's statements, its log entry and its mark are one transaction. yoyo uses two connections, and a
  crash between them leaves a migration applied but unmarked.
- yoyo's lock is a row that outlives a killed run. Here an advisory lock decides; a left-over row is removed.
- After a kill the server ends the statement that was running within half a second.
"""

import contextlib
import io
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend  # type: ignore[import-untyped]
from yoyo.connections import DatabaseURI  # type: ignore[import-untyped]
from yoyo.exceptions import BadMigration  # type: ignore[import-untyped]
from yoyo.migrations import (  # type: ignore[import-untyped]
    Migration,
    default_migration_table,
    read_migrations,
    topological_sort,
)

from ttfd.connection import normalise_dsn

__all__ = ["MigrationError", "migrate", "migrations_folder", "pending", "pending_on", "rollback", "to_roll_back"]

_LOCK_KEY = 0x74746664  # 'ttfd'
_LOCK_SECONDS = 60
_APPLICATION = "ttfd migrate"
_FOREIGN_LOCK_SECONDS = 10.0


class MigrationError(RuntimeError):
    """A migration cannot be applied or rolled back; nothing of that one migration was kept.

    Attributes:
        sqlstate: the server's error code, if it was the server that refused.
    """

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


def migrations_folder() -> Path:
    """Return the migrations: those in the installed package, else the repository's.

    Raises:
        MigrationError: there are none.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "migrations", here.parents[1] / "migrations"):
        if folder.is_dir():
            return folder
    raise MigrationError("The package holds no migrations. Install it again: pip install --force-reinstall ttfd")


def migrate(url: str, *, folder: Path | None = None) -> list[str]:
    """Apply everything that is pending, oldest first, and return the ids applied.

    Waits up to 60 seconds for another run, so several deployments may start at once.

    Args:
        url: address in any form that `ttfd.connection.normalise_dsn` takes; direct, not through a pooler.
        folder: migrations to use instead of the packaged ones.

    Raises:
        MigrationError: a migration failed (those before it stay applied), or another run holds the lock.
        psycopg.Error: the server cannot be reached or refuses the user.
        ValueError: the address cannot be read.
    """
    applied = []
    with _backend(url) as backend, backend.lock():
        everything = _read(folder)
        for migration in backend.to_apply(everything):
            with _explained(migration.id, "apply"):
                backend.apply_one(migration)
            applied.append(migration.id)
        if applied:
            with _explained("post-apply", "apply"):
                backend.run_post_apply(everything)
    return applied


def pending(url: str, *, folder: Path | None = None) -> list[str]:
    """Return the ids that `migrate` would apply, oldest first. Only reads; arguments and errors as there."""
    with psycopg.connect(normalise_dsn(url), autocommit=True) as connection:
        return pending_on(connection, folder=folder)


def pending_on(connection: psycopg.Connection[Any], *, folder: Path | None = None) -> list[str]:
    """The same, asked on a connection that is there."""
    marked = _read_marks(connection)
    return [migration.id for migration in topological_sort(_read(folder)) if migration.hash not in marked]


def _read_marks(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Hash and id of each migration that is applied."""
    if connection.execute("SELECT to_regclass(%s)", ["public._yoyo_migration"]).fetchone() == (None,):
        return {}
    rows = connection.execute("SELECT migration_hash, migration_id FROM public._yoyo_migration ORDER BY migration_id")
    return dict(rows.fetchall())


def rollback(url: str, to: str | None = None, *, folder: Path | None = None) -> list[str]:
    """Roll back, newest first, and return the ids rolled back.

    Args:
        url: see `migrate`.
        to: id of the migration that becomes the newest; an empty string rolls back everything. Without it
            the newest one alone is rolled back.
        folder: see `migrate`.

    Raises:
        MigrationError: besides the reasons of `migrate`: unknown ``to``, a migration without a rollback file
            (yoyo would unmark it and leave its tables), or one that is applied and that this version does not
            know: rolling back what is beneath it would break what it made.
    """
    undone = []
    with _backend(url) as backend, backend.lock():
        for migration in _plan_rollback(url, to, folder):
            with _explained(migration.id, "roll back"):
                backend.rollback_one(migration)
            undone.append(migration.id)
    return undone


def to_roll_back(url: str, to: str | None = None, *, folder: Path | None = None) -> list[str]:
    """Return the ids that `rollback` would roll back, newest first. Only reads; arguments and errors as there."""
    return [migration.id for migration in _plan_rollback(url, to, folder)]


def _plan_rollback(url: str, to: str | None, folder: Path | None) -> list[Migration]:
    known = {migration.hash: migration for migration in topological_sort(_read(folder))}
    with psycopg.connect(normalise_dsn(url), autocommit=True) as connection:
        marked = _read_marks(connection)
    if newer := [name for digest, name in marked.items() if digest not in known]:
        raise MigrationError(
            f"The database has migrations that this version of ttfd does not know: {', '.join(newer)}. "
            "Roll back with the version that applied them, then install this one."
        )
    applied = [migration for digest, migration in reversed(known.items()) if digest in marked]
    ids = [migration.id for migration in applied]
    if to and to not in ids:
        raise MigrationError(f"{to} is not applied, so it cannot become the newest. Applied: {ids or 'none'}")
    todo = applied[:1] if to is None else applied[: ids.index(to)] if to else applied
    for migration in todo:
        path = Path(migration.path)
        if path.suffix == ".sql" and not path.with_suffix(".rollback.sql").exists():
            raise MigrationError(f"{migration.id} has no rollback file; nothing was rolled back.")
    return todo


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo's back end with atomic migrations and a lock that dies with its holder."""

    _is_locked = False

    def init_database(self) -> None:
        self.has_transactional_ddl = True  # yoyo finds that out by creating and dropping a table

    def create_lock_table(self) -> None:
        # yoyo swallows every error here; a role that may not create tables would then wait for a lock.
        if self.execute("SELECT to_regclass('public.yoyo_lock')").fetchone() == (None,):
            with contextlib.suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
                self.execute(self.format_sql(self.create_lock_table_sql))

    def init_connection(self, connection: psycopg.Connection[Any]) -> None:
        # yoyo looks for its tables in current_schema(): a user called ttfd gets another one after 0001.
        connection.execute("SET search_path = public")
        with contextlib.suppress(psycopg.Error):  # no such setting before PostgreSQL 14 or without epoll
            connection.execute("SET client_connection_check_interval = 500")

    def apply_one(self, migration: Migration, force: bool = False, mark: bool = True) -> None:
        self._run(migration, "apply", force, mark)

    def rollback_one(self, migration: Migration, force: bool = False) -> None:
        self._run(migration, "rollback", force, True)

    def _run(self, migration: Migration, direction: str, force: bool, mark: bool) -> None:
        self.ensure_internal_schema_updated()
        migration.load()
        with self.copy() as backend:  # a session of its own: what a migration SETs ends with it
            backend._internal_schema_updated = True
            if not migration.use_transactions:
                migration.process_steps(backend, direction, force=force)
            with backend.transaction():
                if migration.use_transactions:
                    migration.process_steps(backend, direction, force=force)
                backend.execute("RESET SESSION AUTHORIZATION")
                backend.execute("SET LOCAL search_path = public")
                backend.log_migration(migration, direction)
                if mark and direction == "apply":
                    backend.mark_one(migration, log=False)
                elif mark:
                    backend.unmark_one(migration, log=False)

    def get_log_data(self, migration: Migration | None = None, operation: str = "apply") -> dict[str, Any]:
        # yoyo asks for the operating system's user, which a container may not have, and for a name from DNS.
        return {
            "id": os.urandom(16).hex(),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": self.connection.info.user,
            "hostname": socket.gethostname(),
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold both locks: the advisory one, which the server frees when we die, and yoyo's row.

        Our rows carry a negative pid. Whoever has the advisory lock knows that such a row is left over.
        """
        if self._is_locked:
            yield
            return
        with psycopg.connect(**self.uri.args, autocommit=True) as guard:
            _take_advisory_lock(guard)
            self.create_lock_table()
            self._take_lock_row()
            self._is_locked = True
            try:
                yield
            finally:
                self._is_locked = False
                with contextlib.suppress(psycopg.OperationalError):  # connection lost: the next run removes it
                    self.execute("DELETE FROM public.yoyo_lock WHERE pid < 0")

    def _take_lock_row(self) -> None:
        deadline = time.monotonic() + _FOREIGN_LOCK_SECONDS
        take = (
            "INSERT INTO public.yoyo_lock (ctime, pid) VALUES (now() AT TIME ZONE 'UTC', :pid) ON CONFLICT DO NOTHING"
        )
        while not self.execute(take, {"pid": -os.getpid()}).rowcount:
            for pid, ctime, is_alive in self.execute(_LOCK_ROW_SQL, {"application": _APPLICATION}):
                if pid < 0 or not is_alive:
                    found = {"pid": pid, "ctime": ctime}
                    self.execute("DELETE FROM public.yoyo_lock WHERE pid = :pid AND ctime = :ctime", found)
                elif time.monotonic() > deadline:
                    raise MigrationError(
                        f"A plain yoyo run (process {pid}) holds the lock. Wait for it; "
                        "if it is dead, remove its lock with: yoyo break-lock"
                    )
                else:
                    time.sleep(0.2)


# A plain yoyo run may be at work behind a row with a positive pid. It connected shortly before it wrote that
# row, and while it works its last statement there is COMMIT or names one of yoyo's tables.
_LOCK_ROW_SQL = """
    SELECT l.pid, l.ctime,
           EXISTS (SELECT FROM pg_stat_activity a
                    WHERE a.datname = current_database()
                      AND a.application_name <> :application
                      AND abs(extract(epoch FROM a.backend_start AT TIME ZONE 'UTC' - l.ctime)) < 300
                      AND (a.query = 'COMMIT' OR strpos(a.query, 'yoyo') > 0))
      FROM public.yoyo_lock l
"""


def _take_advisory_lock(guard: psycopg.Connection[Any]) -> None:
    """Take it for the session, not for a transaction: CREATE INDEX CONCURRENTLY would wait for that."""
    guard.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
    try:
        guard.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
    except psycopg.errors.LockNotAvailable as error:
        raise MigrationError(
            f"Another ttfd migrate has been running for {_LOCK_SECONDS} seconds. Wait for it, then try again."
        ) from error


@contextlib.contextmanager
def _backend(url: str) -> Iterator[_Backend]:
    arguments = {"conninfo": normalise_dsn(url), "application_name": _APPLICATION}
    uri = DatabaseURI("postgresql+psycopg", None, None, None, None, None, arguments)
    with _Backend(uri, default_migration_table) as backend:
        backend.init_database()
        yield backend


def _read(folder: Path | None) -> Any:
    folder = folder or migrations_folder()
    if not folder.is_dir():
        raise MigrationError(f"There is no migrations folder {folder}.")
    migrations = read_migrations(str(folder))
    with _explained(folder.name, "read"):
        for migration in migrations:
            migration.load()
    return migrations


@contextlib.contextmanager
def _explained(name: str, action: str) -> Iterator[None]:
    """Name the migration in every failure, and keep yoyo from printing the rows of a SELECT."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except psycopg.Error as error:
        reason = error.diag.message_primary or str(error).strip()
        raise MigrationError(f"Cannot {action} {name}: {reason}", error.sqlstate) from error
    except BadMigration as error:
        raise MigrationError(f"Cannot {action} {name}: {error}") from error
