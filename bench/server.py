"""A server for the measurements alone: durable settings, thrown away afterwards."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from ttfd import embedded
from ttfd.migrate import migrate

from .workload import USERS

DEBIAN = Path("/usr/lib/postgresql/15/bin")  # PgQ is packaged for Debian's servers, not for the embedded one
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "max_connections": "100",
}


@dataclass(frozen=True, slots=True)
class Bench:
    """What every scenario needs to know."""

    server: embedded.Server
    has_pgq: bool
    runs: int
    quick: bool

    @property
    def url(self) -> str:
        return self.server.url

    def connect(self, database: str | None = None) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server.database_url(database) if database else self.url, autocommit=True)

    def count(self, full: int, quick: int) -> int:
        return quick if self.quick else full


@contextlib.contextmanager
def running(runs: int, quick: bool) -> Iterator[Bench]:
    """A fresh server with the schema and the members, stopped and removed at the end."""
    place = Path(tempfile.mkdtemp(prefix="ttfd-bench-"))
    place.chmod(0o711)
    server = embedded.start(place, settings=SETTINGS, binaries=DEBIAN if (DEBIAN / "postgres").exists() else None)
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            ((available,),) = connection.execute(
                "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgq')"
            ).fetchall()
        prepare(server.url)
        yield Bench(server, bool(available), runs, quick)
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)


def prepare(url: str) -> None:
    """The schema, and the members before anything has happened."""
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT ttfd.get_or_create_user('telegram', n::text, NULL, NULL) FROM generate_series(1, %s) AS numbers (n)",
            [USERS],
        )
        for table in ("unified_users", "platform_accounts", "event_type_versions", "ranks", "platforms"):
            connection.execute(f"VACUUM ANALYZE ttfd.{table}")
        ((good,),) = connection.execute(
            "SELECT count(*) = %s AND min(id) = 1 AND max(id) = %s FROM ttfd.unified_users", [USERS, USERS]
        ).fetchall()
        if not good:
            raise RuntimeError("the members are not numbered as the scenarios expect")
