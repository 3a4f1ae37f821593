"""Databases for tests: one server per test process, one migrated template, a clone per test."""

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from pytest_postgresql.factories import postgresql, postgresql_noproc

from support import throwaway_server
from ttfd.embedded import Server
from ttfd.migrate import migrate


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """An embedded server of this test process's own."""
    with throwaway_server() as started:
        yield started


@pytest.fixture(scope="session")
def pg_server(server: Server) -> SimpleNamespace:
    """The server in the form that pytest-postgresql asks for."""
    return SimpleNamespace(
        host=server.host,
        port=server.port,
        user="ttfd",
        password=server.password,
        options="",
        maintenance_dbname="postgres",
        template_dbname=None,
    )


def apply_migrations(*, host: str, port: int, user: str, dbname: str, password: str, **_: object) -> None:
    url = psycopg.conninfo.make_conninfo("", host=host, port=port, user=user, dbname=dbname, password=password)
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        # Their rewards would be in the sums of every other test. Tests of achievements call enable_achievements.
        connection.execute("ALTER TABLE ttfd.achievements DISABLE TRIGGER recheck")
        connection.execute("UPDATE ttfd.achievements SET is_enabled = false")
        connection.execute("ALTER TABLE ttfd.achievements ENABLE TRIGGER recheck")
        # tools/mutate.py breaks a guard, to see that a test notices.
        connection.execute(os.environ.get("TTFD_MUTATION", ""))  # type: ignore[arg-type]


migrated_template = postgresql_noproc(depends_on="pg_server", dbname="ttfd_test", load=[apply_migrations])
clone = postgresql("migrated_template")


@pytest.fixture
def db(clone: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """A connection (autocommit) to a migrated database of the test's own."""
    clone.autocommit = True
    return clone


@pytest.fixture
def database_url(server: Server, db: psycopg.Connection[Any]) -> str:
    """The address of the same database, for code that opens its own connections."""
    return server.database_url(db.info.dbname)


@pytest.fixture
def empty_database_url(server: Server) -> Iterator[str]:
    """The address of a database without any migration."""
    with psycopg.connect(server.database_url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE ttfd_empty")
        yield server.database_url("ttfd_empty")
        connection.execute("DROP DATABASE ttfd_empty WITH (FORCE)")
